import { type Logger, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import type { ProcView } from '../spec/spec-input.ts';

/** What serves views of /proc that show a container's limits, and mounts them: lxcfs. */
export interface ProcViewSource {
  /** Throws `unavailable` when it cannot be brought up. */
  files(): Promise<readonly ProcView[]>;
}

export interface ProcViewDependencies {
  /** Absent where the host has none. */
  readonly source?: ProcViewSource | undefined;
  /** For containers that say nothing of it. */
  readonly byDefault: boolean;
}

/** Decides who gets them: whoever asks, and by default whoever does not refuse; who insists does not start without. */
export class ProcViews {
  readonly #dependencies: ProcViewDependencies;
  readonly #logger: Logger;

  constructor(dependencies: ProcViewDependencies, logger: Logger) {
    this.#dependencies = dependencies;
    this.#logger = logger;
  }

  async of(container: Container): Promise<readonly ProcView[]> {
    const { source, byDefault } = this.#dependencies;
    const asked = container.record.hostConfig.EnableLxcfs;
    if (!(asked ?? (byDefault && source !== undefined))) return [];
    try {
      if (!source) throw new PouchError('unsupported', 'lxcfs is not there any more; see `pouch info`.');
      return await source.files();
    } catch (error) {
      if (asked) throw error;
      this.#logger.warn('a container starts without lxcfs: it sees the whole host in /proc', {
        container: container.id,
        error,
      });
      return [];
    }
  }
}
