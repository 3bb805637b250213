import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { errnoCode, PouchError, writeFileAtomic } from '@pouch/base';
import { type ContainerdConfig, renderConfig } from './config.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { type DeletedFaster, writeShimDoors } from './shim-doors.ts';
import { spreadSnapshots } from './spread-snapshots.ts';
import { timerSlack, withTimerSlack } from './timer-slack.ts';

export interface LaunchOptions extends ContainerdConfig {
  /** Default `containerd`, looked up on the PATH. */
  readonly binary?: string | undefined;
  readonly configPath: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** Tasks that are deleted faster; see `writeShimDoors`. */
  readonly deletedFaster?: DeletedFaster | undefined;
}

export interface DaemonLaunch {
  /** For messages; also the name of its Debian package. */
  readonly name: string;
  /** A path, or a name that is looked up on the PATH. */
  readonly binary: string;
  readonly args: readonly string[];
  readonly pidFile: string;
  readonly logFile: string;
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface Launched {
  readonly identity: ProcessIdentity;
  /** Resolves with the reason when the daemon ends while this process lives. */
  readonly exited: Promise<string>;
}

/**
 * Nanoseconds by which a daemon's timers may be late. While anything runs in a Go program, one of its threads wakes each 20 µs
 * and the 50 of the kernel's usual slack to look whether another one is stuck; see docs/adr/0039.
 */
const TIMER_SLACK = 1_000_000;

/** Set for the daemon that starts us, and misleading for its child. */
const NOT_INHERITED = /^(NOTIFY_SOCKET|LISTEN_\w+|WATCHDOG_\w+|NODE_\w+|OTEL_\w+|INVOCATION_ID|JOURNAL_STREAM)$/;

/** Start a containerd with a configuration file written anew. */
export async function launchContainerd(options: LaunchOptions): Promise<Launched> {
  const { configPath, pidFile, logFile } = options;
  await mkdir(dirname(options.address), { recursive: true });
  await mkdir(options.root, { recursive: true, mode: 0o711 });
  await mkdir(options.state, { recursive: true, mode: 0o711 });
  await mkdir(dirname(configPath), { recursive: true });
  await writeFileAtomic(configPath, renderConfig(options), 0o600);
  if ((options.snapshotter ?? 'overlayfs') === 'overlayfs') await spreadSnapshots(options.root);
  const binary = options.binary ?? 'containerd';
  const path = searchPath(binary);
  // Not below /run, from which many hosts let no program be started.
  const directory = join(options.root, 'bin');
  const { deletedFaster } = options;
  const doors = await writeShimDoors({ directory, path, timerSlack: timerSlack(), deletedFaster });
  const env = { PATH: [doors, ...path].join(delimiter) };
  return await launchDaemon({ name: 'containerd', binary, args: ['--config', configPath], pidFile, logFile, env });
}

/**
 * Start a daemon in a session of its own, so that it outlives this process and is reached by no signal of its terminal. Its
 * output is appended to the log file.
 */
export async function launchDaemon(options: DaemonLaunch): Promise<Launched> {
  const { name, binary, pidFile, logFile } = options;
  for (const path of [pidFile, logFile]) await mkdir(dirname(path), { recursive: true });
  const log = await open(logFile, 'a', 0o640);
  try {
    const child = withTimerSlack(TIMER_SLACK, () =>
      spawn(binary, options.args, {
        cwd: '/',
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...environment(binary), ...options.env },
      }),
    );
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    child.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
    await new Promise<void>((started, reject) => {
      child.once('spawn', started);
      child.once('error', (error) => reject(startError(options, error)));
    });
    child.unref();
    const identity = await identify(child.pid as number);
    if (!identity) throw new PouchError('unavailable', `${name} ended at once; see ${logFile}.`);
    await writeFileAtomic(pidFile, `${identity.pid}\n`);
    return { identity, exited };
  } finally {
    await log.close();
  }
}

/** Where a daemon's programs are looked for: its own directory comes first, for its shims belong to it. */
function searchPath(binary: string): string[] {
  const path = process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return [...(isAbsolute(binary) ? [dirname(binary)] : []), ...path.split(delimiter)];
}

/**
 * Half of the processors, for a Go program (GOMAXPROCS of its runtime): what it has to do is short, and waking threads on all of
 * them takes more of the host than it gains. Whoever has set it for pouchd means these as well.
 */
function environment(binary: string): NodeJS.ProcessEnv {
  const half = Math.max(1, Math.floor(availableParallelism() / 2));
  const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  return {
    GOMAXPROCS: `${half}`,
    ...Object.fromEntries(kept),
    PATH: searchPath(binary).join(delimiter),
  };
}

function startError({ name, binary }: DaemonLaunch, error: Error): PouchError {
  const message =
    errnoCode(error) === 'ENOENT'
      ? `${name} is not installed: '${binary}' was not found. Install the package '${name}', or name the binary.`
      : `${name} cannot be started: ${error.message}`;
  return new PouchError('unsupported', message, { cause: error });
}
