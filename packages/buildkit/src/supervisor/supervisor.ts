import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Logger, sleep, writeFileAtomic } from '@pouch/base';
import { DaemonSupervisor, findDaemon, type Launched, launchDaemon, type SupervisionOptions } from '@pouch/containerd';
import { BuildKitClient } from '../client.ts';
import { type BuildkitdConfig, renderBuildkitdConfig } from './config.ts';

export interface BuildkitdSupervisorOptions extends SupervisionOptions {
  readonly binary: string;
  readonly configPath: string;
  /** Path of its socket. */
  readonly address: string;
  /** Asked before each start. */
  readonly config: () => Promise<BuildkitdConfig>;
}

export interface BuildkitdSupervisorDependencies {
  readonly logger: Logger;
  /** Takes away what a buildkitd that was killed left of its steps. Called before a start, when none runs. */
  readonly clearLeftovers: () => Promise<void>;
}

/** A look each half minute is enough: the end of the connection or of the process is noticed at once. */
const CHECK_INTERVAL = 30_000;

/** Keeps one private buildkitd running. */
export class BuildkitdSupervisor extends DaemonSupervisor {
  constructor(options: BuildkitdSupervisorOptions, dependencies: BuildkitdSupervisorDependencies) {
    const { address } = options;
    const client = new BuildKitClient({ address, patienceMs: 0, onDisconnect: () => this.wake() }, dependencies);
    super(
      { checkIntervalMs: CHECK_INTERVAL, ...options },
      {
        logger: dependencies.logger,
        daemon: {
          name: 'buildkitd',
          find: () => findBuildkitd(options),
          launch: async () => {
            await dependencies.clearLeftovers();
            return await launchBuildkitd(options);
          },
          waitForReady: (timeoutMs, signal) => waitForReady(client, timeoutMs, signal),
          ping: (call) => client.version(call),
          reconnect: () => client.reconnect(),
          disconnect: () => client[Symbol.dispose](),
        },
      },
    );
  }
}

/** The buildkitd that an earlier process left running. */
export async function findBuildkitd(
  options: Pick<BuildkitdSupervisorOptions, 'pidFile' | 'configPath'>,
): Promise<Awaited<ReturnType<typeof findDaemon>>> {
  return await findDaemon('buildkitd', options.pidFile, options.configPath);
}

async function launchBuildkitd(options: BuildkitdSupervisorOptions): Promise<Launched> {
  const config = await options.config();
  // Mounts of a killed buildkitd are found by their place.
  const temporary = join(config.state, 'tmp');
  await mkdir(config.root, { recursive: true, mode: 0o700 });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  await mkdir(dirname(options.address), { recursive: true });
  await writeFileAtomic(options.configPath, renderBuildkitdConfig(config), 0o600);
  return await launchDaemon({
    name: 'buildkitd',
    binary: options.binary,
    args: ['--config', options.configPath],
    pidFile: options.pidFile,
    logFile: options.logFile,
    env: { TMPDIR: temporary },
  });
}

async function waitForReady(client: BuildKitClient, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await client.version({ signal, deadlineMs: Math.max(1, deadline - performance.now()) });
    } catch (error) {
      if (signal.aborted || performance.now() + 50 > deadline) throw error;
    }
    await sleep(20, signal);
  }
}
