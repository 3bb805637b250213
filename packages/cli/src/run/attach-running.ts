import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { Session } from '../stream/session.ts';
import { forwardSignals } from '../stream/signals.ts';
import { followSize, stdinIsTerminal } from '../stream/terminal.ts';

export interface AttachFlags {
  readonly stdin: boolean;
  readonly output: boolean;
  readonly detachKeys: Uint8Array;
  /** As the daemon takes it. */
  readonly detachKeysText: string;
  readonly signalProxy: boolean;
}

/** Join our streams with those of a running container; returns its exit code. */
export async function attachRunning(context: Context, name: string, flags: AttachFlags): Promise<number> {
  const { containers } = context.client;
  const found = await containers.inspect(name);
  const { State: state, Id: id } = found;
  if (!state.Running) throw new ExitError(1, 'cannot attach to a stopped container, start it first');
  if (state.Paused) throw new ExitError(1, 'cannot attach to a paused container, unpause it first');
  if (state.Restarting) throw new ExitError(1, 'cannot attach to a restarting container, wait until it is running');
  const tty = found.Config.Tty ?? false;
  const stdin = flags.stdin && (found.Config.OpenStdin ?? false);
  if (stdin && tty && !stdinIsTerminal()) throw new ExitError(1, 'the input device is not a TTY');
  using proxy = flags.signalProxy ? forwardSignals((signal) => containers.kill(id, signal)) : undefined;
  const wait = containers.wait(id, 'not-running');
  const stream = await containers.attach(id, {
    stream: true,
    stdin,
    stdout: true,
    stderr: true,
    ...(flags.detachKeysText && { detachKeys: flags.detachKeysText }),
  });
  using session = new Session(context, stream, {
    stdin,
    stdout: true,
    stderr: true,
    tty,
    detachKeys: flags.detachKeys,
  });
  using size = tty ? followSize((rows, columns) => containers.resize(id, rows, columns)) : undefined;
  const end = await session.ended;
  // Named so that they live to here.
  void [proxy, size];
  if (end === 'detached') {
    context.warn('read escape sequence');
    return 0;
  }
  const result = await wait.result;
  if (result.Error) throw new ExitError(1, result.Error.Message);
  return result.StatusCode;
}
