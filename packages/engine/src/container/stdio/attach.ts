import { PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import type { AttachOptions, AttachSession, LogOptions, OutputChunk, StreamName } from '../container-service.ts';
import type { FollowSource } from './log-driver.ts';
import { createLogDriver } from './log-options.ts';
import { ProcessSession } from './process-session.ts';
import type { SpoolPump } from './spool-pump.ts';
import { SpoolReader } from './spool-reader.ts';
import { STREAMS } from './spool.ts';

const ENDED: FollowSource = { ended: true, changes: 0, changed: async () => {} };

/**
 * Connect a client to a container's streams. Attached before the start it sees everything from the first byte; attached
 * to a running container, what comes from now on, with the log before it when asked.
 */
export function attachTo(
  container: Container,
  options: AttachOptions,
  actions: { endInput: () => Promise<void>; onDetach: () => void },
): AttachSession {
  const { config } = container.record;
  const inputEnded = Promise.withResolvers<void>();
  const inputOnly = options.stdin && options.stream && !options.stdout && !options.stderr;
  return new ProcessSession({
    tty: config.Tty ?? false,
    stdin: options.stdin && config.OpenStdin ? container.stdin : undefined,
    detachKeys: options.detachKeys,
    output: (signal) =>
      inputOnly ? untilEither(container, inputEnded.promise, signal) : outputOf(container, options, signal),
    endInput: async () => {
      inputEnded.resolve();
      if (config.StdinOnce && !config.Tty) await actions.endInput();
    },
    onDetach: actions.onDetach,
  });
}

/** No output, for a client that only gives input: it ends with that input, or with the process. */
// oxlint-disable-next-line require-yield
async function* untilEither(
  container: Container,
  inputEnded: Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const give = (): void => resolve();
  using _ = container.onExit(give);
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  await Promise.race([inputEnded, promise]);
  signal.removeEventListener('abort', give);
  yield* [];
}

/** The place in the stream is taken now, not when the first chunk is asked for. */
function outputOf(container: Container, options: AttachOptions, signal: AbortSignal): AsyncIterable<OutputChunk> {
  const wanted = options.stream ? STREAMS.filter((stream) => options[stream]) : [];
  const live = wanted.length > 0 ? openLive(container, wanted, signal) : undefined;
  live?.catch(() => {});
  return joinOutput(container, options, live, signal);
}

async function openLive(
  container: Container,
  wanted: readonly StreamName[],
  signal: AbortSignal,
): Promise<SpoolReader | undefined> {
  const { pump } = container;
  if (pump) return new SpoolReader(container.spool, pump, offsetsOf(pump), wanted);
  const next = await container.nextPump(signal);
  return next && new SpoolReader(container.spool, next, { stdout: 0, stderr: 0 }, wanted);
}

function offsetsOf(pump: SpoolPump): Record<StreamName, number> {
  return { stdout: pump.offset('stdout'), stderr: pump.offset('stderr') };
}

async function* joinOutput(
  container: Container,
  options: AttachOptions,
  live: Promise<SpoolReader | undefined> | undefined,
  signal: AbortSignal,
): AsyncGenerator<OutputChunk, void, undefined> {
  if (options.logs) {
    const past = { stdout: options.stdout, stderr: options.stderr, follow: false, timestamps: false, details: false };
    yield* readLogs(container, past, signal);
  }
  using reader = await live;
  if (reader) yield* reader.read(signal);
}

/** The container's log. Throws `unsupported` where its driver cannot be read. */
export function readLogs(container: Container, options: LogOptions, signal: AbortSignal): AsyncIterable<OutputChunk> {
  const { record } = container;
  if (!options.stdout && !options.stderr) {
    throw new PouchError('invalid-argument', 'Bad parameters: you must choose at least one stream');
  }
  const subject = { id: record.id, name: record.name, image: record.imageReference, config: record.config };
  const live = container.pump;
  if (live) return live.readLog(options, signal);
  const driver = createLogDriver(record.hostConfig.LogConfig, container.logPath, subject);
  if (!driver.readable) throw new PouchError('unsupported', 'configured logging driver does not support reading');
  return driver.read(options, ENDED, signal);
}
