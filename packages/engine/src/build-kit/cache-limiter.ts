import { background, type Logger } from '@pouch/base';
import type { BuildKitClient, UsageRecord } from '@pouch/buildkit';

/** Milliseconds after a build until the cache is looked at, and between two looks. */
const DELAY = 2000;
const INTERVAL = 60_000;
/** What others are made from goes only after them, so that one round may not be enough. */
const ROUNDS = 20;

export interface CacheLimiterDependencies {
  readonly client: Pick<BuildKitClient, 'diskUsage' | 'prune'>;
  readonly logger: Logger;
  /** Keeps buildkitd running until disposal. */
  readonly hold: () => Disposable;
}

/**
 * Takes BuildKit's cache back below a limit after builds. BuildKit's own collection counts only what it does not believe to be an
 * image's, and takes layers that were never put out for those of the image below them: what stages leave would grow and grow.
 */
export class CacheLimiter implements Disposable {
  readonly #limit: number | undefined;
  readonly #deps: CacheLimiterDependencies;
  #timer: NodeJS.Timeout | undefined;
  #last = -INTERVAL;
  #running: Promise<void> | undefined;

  /** `limit` is in bytes; undefined for none. */
  constructor(limit: number | undefined, dependencies: CacheLimiterDependencies) {
    this.#limit = limit;
    this.#deps = dependencies;
  }

  /** Something was built: look soon, but not too often. */
  wake(): void {
    if (this.#limit === undefined || this.#timer) return;
    const delay = Math.max(DELAY, this.#last + INTERVAL - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      background((this.#running ??= this.#run()), (error) =>
        this.#deps.logger.warn("BuildKit's cache could not be limited", { error }),
      );
    }, delay).unref();
  }

  async #run(): Promise<void> {
    const { hold, logger } = this.#deps;
    using _ = hold();
    try {
      const removed = await this.#keepTo(this.#limit as number);
      if (removed > 0) logger.info("BuildKit's cache was over its limit", { removed });
    } finally {
      this.#last = performance.now();
      this.#running = undefined;
    }
  }

  /** How many were removed. */
  async #keepTo(limit: number): Promise<number> {
    const { client } = this.#deps;
    let removed = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const chosen = chooseOldest(await client.diskUsage(), limit);
      if (chosen.length === 0) break;
      const before = removed;
      for await (const _ of client.prune({ all: true, filter: chosen.map((id) => `id==${id}`) })) removed += 1;
      if (removed === before) break;
    }
    return removed;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Ids of what was not used for longest, and is not in use now, as many as are needed to get below the limit. */
export function chooseOldest(records: readonly UsageRecord[], limit: number): string[] {
  let used = records.reduce((sum, { Size }) => sum + Number(Size), 0);
  const chosen: string[] = [];
  const free = records.filter(({ InUse }) => !InUse).toSorted((a, b) => lastUse(a) - lastUse(b));
  for (const { ID, Size } of free) {
    if (used <= limit) break;
    if (Size <= 0n) continue;
    chosen.push(ID);
    used -= Number(Size);
  }
  return chosen;
}

function lastUse({ LastUsedAt, CreatedAt }: UsageRecord): number {
  const time = LastUsedAt ?? CreatedAt;
  return time ? Number(time.seconds) + time.nanos / 1e9 : 0;
}
