import type { EscapeCharacter } from '../../image/dockerfile-words.ts';
import type { StageArgs } from '../build-args.ts';
import type { BuildContext } from '../context/build-context.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { BuildLease } from '../build-lease.ts';
import type { BuildRequest } from '../build-service.ts';
import type { BuildState } from '../build-state.ts';
import type { StageOutput } from '../output/stage-output.ts';
import type { CacheProbe } from './cache-probe.ts';
import type { LayerWriter } from './layer-writer.ts';

/** Where files are copied from: a stage, or an image. */
export interface CopyOrigin {
  readonly chain: string;
}

/** What the steps of one stage share. */
export interface StepContext {
  readonly env: BuildEnvironment;
  readonly request: BuildRequest;
  readonly context: BuildContext;
  readonly escape: EscapeCharacter;
  readonly args: StageArgs;
  readonly output: StageOutput;
  readonly cache: CacheProbe;
  readonly layers: LayerWriter;
  readonly lease: BuildLease;
  /** Aborted when the client goes, or another stage fails. */
  readonly signal: AbortSignal;
  /** The file system that `--from` names. Throws invalid-argument, not-found. */
  readonly origin: (from: string) => Promise<CopyOrigin>;
  /** Heavy work, a few at a time over the whole build. */
  readonly heavy: <T>(work: () => Promise<T>) => Promise<T>;
  /** The state before this step. */
  readonly state: BuildState;
  /** Work that goes on while later steps run, and must have ended before the build does. */
  readonly later: (work: Promise<unknown>) => void;
}
