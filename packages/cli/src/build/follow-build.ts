import type { JSONMessage } from '@pouch/api';
import { ExitError } from '../app/errors.ts';
import type { Output } from '../output/output.ts';
import { BuildScreen } from './build-screen.ts';

export type ProgressStyle = 'auto' | 'plain' | 'tty';

/** Show a build's progress to its end; the image's id. Throws ExitError with the code of a command that failed. */
export async function followBuild(
  stream: AsyncIterable<JSONMessage>,
  output: Output | undefined,
  style: ProgressStyle,
): Promise<string> {
  const onTerminal = output && (style === 'tty' || (style === 'auto' && output.isTerminal));
  const screen = onTerminal ? new BuildScreen(output) : undefined;
  let id = '';
  for await (const message of stream) {
    if (message.error !== undefined || message.errorDetail) {
      screen?.failed();
      const text = message.errorDetail?.message || message.error || 'the daemon reported a failure';
      const code = message.errorDetail?.code ?? 1;
      throw new ExitError(code > 0 && code < 256 ? code : 1, text);
    }
    const { aux } = message;
    if (typeof aux === 'object' && aux !== null && 'ID' in aux && typeof aux.ID === 'string') id = aux.ID;
    else if (screen) screen.show(message);
    else if (output) plain(output, message);
    // With -q the id is all that comes.
    else if (message.stream?.startsWith('sha256:')) id = message.stream.trim();
  }
  screen?.ended();
  return id;
}

function plain(output: Output, message: JSONMessage): void {
  if (message.stream !== undefined) output.write(message.stream);
  else if (message.status !== undefined && message.progressDetail?.current === undefined) {
    output.write(`${message.id ? `${message.id}: ` : ''}${message.status}\n`);
  }
}
