import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger } from '@pouch/base';
import type { ContainerdClient } from '@pouch/containerd';
import { unmountTree } from '@pouch/linux';
import type { RunLeftovers } from './build-kit-options.ts';

export interface LeftoversOptions {
  readonly cgroupParent: string;
  /** buildkitd's own directories. */
  readonly root: string;
  readonly state: string;
}

export interface LeftoversDependencies {
  readonly containerd: ContainerdClient;
  readonly logger: Logger;
  readonly runs: RunLeftovers;
  readonly stepNetworks: { clear(): Promise<void> };
}

/** BuildKit's ids, which are not a container's of Pouch. */
const STEP = /^[0-9a-z]{25}$/;
/** Where containerd's client library puts the FIFOs of a task's streams, and BuildKit has no word in it. */
const FIFOS = '/run/containerd/fifo';

/** What a buildkitd that was killed leaves of the steps that ran: nobody but it knows of them. Not for one that runs. */
export class Leftovers {
  readonly #options: LeftoversOptions;
  readonly #deps: LeftoversDependencies;

  constructor(options: LeftoversOptions, dependencies: LeftoversDependencies) {
    this.#options = options;
    this.#deps = dependencies;
  }

  /** Take it away. What cannot be taken away is logged: it stands in nobody's way. */
  async clear(): Promise<void> {
    const { logger, runs, stepNetworks } = this.#deps;
    const steps = await this.#steps();
    for (const id of steps) {
      try {
        await runs.purge(id);
      } catch (error) {
        logger.warn('a leftover build step stays', { step: id, error });
      }
    }
    if (steps.size > 0) {
      logger.info('build steps that nobody waits for were ended', { steps: steps.size });
      await removeFifos(steps);
    }
    await unmountTree(join(this.#options.root, 'net'));
    const temporary = join(this.#options.state, 'tmp');
    await unmountTree(temporary);
    await rm(temporary, { recursive: true, force: true });
    await stepNetworks.clear();
  }

  /** Steps of this daemon's BuildKit: by the control group that their specification names, or by a shim that is left. */
  async #steps(): Promise<Set<string>> {
    const { containerd, runs } = this.#deps;
    // No BuildKit runs, so that a shim of a step is one that containerd forgot.
    const found = new Set([...(await runs.shims())].filter((id) => STEP.test(id)));
    for await (const record of containerd.containers.list()) {
      if (!STEP.test(record.id)) continue;
      if (cgroupOf(record.spec())?.startsWith(this.#options.cgroupParent)) found.add(record.id);
    }
    return found;
  }
}

function cgroupOf(spec: unknown): string | undefined {
  const { linux } = (spec ?? {}) as { linux?: { cgroupsPath?: string } };
  return linux?.cgroupsPath;
}

async function removeFifos(steps: ReadonlySet<string>): Promise<void> {
  for (const directory of await readdir(FIFOS).catch(() => [])) {
    const path = join(FIFOS, directory);
    const names = await readdir(path).catch(() => []);
    if (names.some((name) => steps.has(name.replace(/-std(in|out|err)$/, '')))) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
