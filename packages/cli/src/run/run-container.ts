import type { ContainerCreateRequest } from '@pouch/api';
import type { HijackedStream } from '@pouch/client';
import type { Context } from '../app/context.ts';
import { describeError, ExitError } from '../app/errors.ts';
import { Session } from '../stream/session.ts';
import { forwardSignals } from '../stream/signals.ts';
import { followSize } from '../stream/terminal.ts';

export interface AttachedRun {
  readonly config: ContainerCreateRequest;
  readonly detachKeys: Uint8Array;
  /** As the daemon takes it. */
  readonly detachKeysText: string;
  readonly signalProxy: boolean;
}

/**
 * Start a created container with our streams joined to it, and return its exit code. Attaching and waiting are under
 * way before the start, so neither output nor the end is missed.
 */
export async function runAttached(context: Context, id: string, run: AttachedRun): Promise<number> {
  const { containers } = context.client;
  const { config } = run;
  const streams = {
    stdin: config.AttachStdin ?? false,
    stdout: config.AttachStdout ?? false,
    stderr: config.AttachStderr ?? false,
  };
  const autoRemove = config.HostConfig?.AutoRemove ?? false;
  using proxy = run.signalProxy ? forwardSignals((signal) => containers.kill(id, signal)) : undefined;
  const wait = containers.wait(id, autoRemove ? 'removed' : 'next-exit');
  const [attached] = await Promise.all([attach(context, id, streams, run.detachKeysText), wait.registered]);
  using session = new Session(context, attached, { ...streams, tty: config.Tty ?? false, detachKeys: run.detachKeys });
  try {
    await containers.start(id);
  } catch (error) {
    session[Symbol.dispose]();
    // With --rm it must not stay behind; the daemon may have removed it already.
    if (autoRemove) await containers.remove(id, { force: true, volumes: true }).catch(() => {});
    throw startError(error);
  }
  using size = config.Tty ? followSize((rows, columns) => containers.resize(id, rows, columns)) : undefined;
  const end = await session.ended;
  if (end === 'detached') return 0;
  if (!streams.stdout && !streams.stderr) {
    context.print(id);
    return 0;
  }
  const result = await wait.result;
  if (result.Error) context.warn(`Error waiting for container: ${result.Error.Message}`);
  // Named so that they live to here.
  void [proxy, size];
  return result.Error ? 125 : result.StatusCode;
}

async function attach(
  context: Context,
  id: string,
  streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean },
  detachKeys: string,
): Promise<HijackedStream> {
  return await context.client.containers.attach(id, { stream: true, ...streams, ...(detachKeys && { detachKeys }) });
}

/** A start that failed, with the exit code that shells give: 127 not found, 126 not executable, else 125. */
export function startError(error: unknown): ExitError {
  const message = describeError(error);
  const exitCode = startExitCode(message);
  return new ExitError(exitCode, `pouch: ${message}\n\nRun 'pouch run --help' for more information`);
}

/** The exit code for a process that could not be started, from what the runtime said. */
export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file/i.test(message)) return 127;
  if (/permission denied|is a directory|exec format error/i.test(message)) return 126;
  return 125;
}
