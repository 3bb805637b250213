import { chainId, type ImageConfig, type ImageRunConfig } from '@pouch/oci';
import type { BaseImage } from '../../image/image-assembly.ts';
import { type BuildState, nextState, type StepResult } from '../build-state.ts';
import { type BuildCache, cacheKey } from '../cache/build-cache.ts';

/** A step before it is done. */
export interface PlannedStep {
  /** Everything that decides what comes out, beside the state it is done on. */
  readonly parts: readonly unknown[];
  /** `created_by` of the history. */
  readonly description: string;
  /** What the configuration is afterwards. */
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
}

/** Remembers what steps led to, over builds and within one. */
export class CacheProbe {
  readonly #cache: BuildCache;
  readonly #use: boolean;
  readonly #from: readonly BaseImage[];
  /** Keys of this build, to be held against pruning and counted as used. */
  readonly keys = new Set<string>();
  readonly #keyOf = new Map<string, string>();
  readonly #held: DisposableStack;

  constructor(
    cache: BuildCache,
    options: { readonly use: boolean; readonly from: readonly BaseImage[] },
    held: DisposableStack,
  ) {
    this.#cache = cache;
    this.#use = options.use;
    this.#from = options.from;
    this.#held = held;
  }

  /** What a step led to before, or undefined. `planned` is what the step makes of the configuration in any case. */
  find(state: BuildState, step: PlannedStep): BuildState | undefined {
    if (!this.#use) return undefined;
    const key = cacheKey(state.id, step.parts);
    const record = this.#cache.find(key);
    if (record) {
      this.#hold(key, record.state);
      return nextState(state, record.result);
    }
    const result = this.#fromImages(state, step);
    return result && this.remember(state, step, result);
  }

  /** Write down what a step led to. */
  remember(state: BuildState, { parts, description }: PlannedStep, result: StepResult): BuildState {
    const key = cacheKey(state.id, parts);
    const next = nextState(state, result);
    this.#cache.add({ key, parent: this.#keyOf.get(state.id) ?? '', state: next.id, description, result });
    this.#hold(key, next.id);
    return next;
  }

  #hold(key: string, state: string): void {
    this.#keyOf.set(state, key);
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.#held.use(this.#cache.hold(new Set([key])));
  }

  /** `--cache-from`: an image whose history is this state's and then this very step. */
  #fromImages(state: BuildState, step: PlannedStep): StepResult | undefined {
    for (const { image, layers } of this.#from) {
      const entry = image.config.history[state.history.length];
      if (entry?.created_by !== step.description || !beginsWith(image.config, state)) continue;
      const layer = entry.empty_layer ? undefined : layers[state.layers.length];
      if (!entry.empty_layer && !layer) continue;
      const diffIds = [...state.layers, ...(layer ? [layer] : [])].map(({ diffId }) => diffId);
      const { config, author } = step;
      const chain = chainId(diffIds) ?? '';
      return { config, entry, chain, ...(author !== undefined && { author }), ...(layer && { layer }) };
    }
    return undefined;
  }
}

function beginsWith(config: ImageConfig, state: BuildState): boolean {
  return (
    state.layers.every(({ diffId }, index) => config.rootfs.diff_ids[index] === diffId) &&
    state.history.every((entry, index) => JSON.stringify(entry) === JSON.stringify(config.history[index]))
  );
}
