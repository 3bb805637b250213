import { createHash } from 'node:crypto';
import type { HistoryEntry, ImageConfig, ImageRunConfig, Platform } from '@pouch/oci';
import type { BuiltLayer } from '../image/image-builder.ts';

/** What a build has come to after a step: an image that exists only on paper, until it is the one that was asked for. */
export interface BuildState {
  /** `sha256:…`: of an image where there is one, else of all that is below. */
  readonly id: string;
  readonly platform: Platform;
  readonly config: ImageRunConfig;
  readonly author: string | undefined;
  /** RFC 3339. */
  readonly created: string | undefined;
  readonly history: readonly HistoryEntry[];
  readonly layers: readonly BuiltLayer[];
  /** Snapshot key of the file system; '' for an empty one. */
  readonly chain: string;
  /** The image that is exactly this, when it is known to be there. */
  readonly imageId: string | undefined;
}

/** What a step adds. Stored in the cache as it is. */
export interface StepResult {
  readonly config: ImageRunConfig;
  readonly author?: string;
  readonly entry: HistoryEntry;
  readonly layer?: BuiltLayer;
  readonly chain: string;
}

export function emptyState(platform: Platform): BuildState {
  return {
    id: '',
    platform,
    config: {},
    author: undefined,
    created: undefined,
    history: [],
    layers: [],
    chain: '',
    imageId: undefined,
  };
}

/** The state after a step. Its id is a checksum of everything, times included, so that what is built on it is built on nothing else. */
export function nextState(state: BuildState, result: StepResult, imageId?: string): BuildState {
  const next = {
    platform: state.platform,
    config: result.config,
    author: result.author,
    created: result.entry.created,
    history: [...state.history, result.entry],
    layers: result.layer ? [...state.layers, result.layer] : state.layers,
    chain: result.chain,
    imageId,
  };
  const id = `sha256:${createHash('sha256')
    .update(JSON.stringify(configOf(next)))
    .digest('hex')}`;
  return { ...next, id };
}

/** The image configuration that says what the state is. */
export function configOf(state: Omit<BuildState, 'id'>): ImageConfig {
  const { platform, config, author, created, history, layers } = state;
  return {
    ...platform,
    ...(created !== undefined && { created }),
    ...(author !== undefined && { author }),
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history,
  };
}

/** Twelve digits, as Docker shows ids. */
export function shortStateId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}
