import { sleep } from '@pouch/base';
import type { Context } from '../app/context.ts';
import { describeError, ExitError } from '../app/errors.ts';
import { Session } from '../stream/session.ts';
import { followSize } from '../stream/terminal.ts';
import { startExitCode } from './run-container.ts';

export interface ExecFlags {
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly detachKeys: Uint8Array;
  readonly consoleSize?: [number, number];
}

/** Start a created exec with our streams joined to it; returns its exit code. */
export async function execAttached(context: Context, id: string, flags: ExecFlags): Promise<number> {
  const { execs } = context.client;
  const stream = await execs
    .attach(id, { Tty: flags.tty, ...(flags.consoleSize && { ConsoleSize: flags.consoleSize }) })
    .catch((error: unknown) => {
      const message = describeError(error);
      const code = startExitCode(message);
      throw code === 125 ? error : new ExitError(code, message);
    });
  using session = new Session(context, stream, {
    stdin: flags.stdin,
    stdout: true,
    stderr: true,
    tty: flags.tty,
    detachKeys: flags.detachKeys,
  });
  using size = flags.tty ? followSize((rows, columns) => execs.resize(id, rows, columns)) : undefined;
  if ((await session.ended) === 'detached') return 0;
  // Named so that it lives to here.
  void size;
  return await exitCodeOf(context, id);
}

const EXIT_KNOWN_WITHIN_MS = 5000;

/** The output may end a moment before the daemon hears of the process's end. */
async function exitCodeOf(context: Context, id: string): Promise<number> {
  const { execs } = context.client;
  let result = await execs.inspect(id);
  const deadline = Date.now() + EXIT_KNOWN_WITHIN_MS;
  for (let pause = 5; result.ExitCode === null && Date.now() < deadline; pause = Math.min(pause * 2, 200)) {
    await sleep(pause);
    result = await execs.inspect(id);
  }
  return result.ExitCode ?? 0;
}
