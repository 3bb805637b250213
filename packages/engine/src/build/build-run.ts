import { isErrorCode, PouchError, Semaphore } from '@pouch/base';
import { parsePlatform, type Platform } from '@pouch/oci';
import { expandWord } from '../image/dockerfile-words.ts';
import { tagTarget } from '../image/image-names.ts';
import { BaseImages, checkedPlatform, stateOf } from './base-images.ts';
import { BuildArgs } from './build-args.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { BuildLease } from './build-lease.ts';
import type { BuildRequest } from './build-service.ts';
import { buildStage, expandBase } from './build-stage.ts';
import { type BuildState, configOf, emptyState, shortStateId } from './build-state.ts';
import { type OpenedContext, openContext } from './context/open-context.ts';
import type { Dockerfile, Instruction, Stage } from './dockerfile/instruction.ts';
import { parseDockerfile } from './dockerfile/parse-dockerfile.ts';
import { stagesUpTo } from './dockerfile/stages.ts';
import { BuildOutput, type StageOutput } from './output/stage-output.ts';
import { findBaseStage, findStage, neededStages } from './stage-graph.ts';
import { CacheProbe } from './steps/cache-probe.ts';
import { readArgs } from './steps/config-steps.ts';
import { LayerWriter } from './steps/layer-writer.ts';
import type { CopyOrigin } from './steps/step-context.ts';

/** Steps at work at the same time, over all stages. */
const STEPS_AT_ONCE = 4;

/** One build, from its context to its image. */
export async function runBuild(request: BuildRequest, environment: BuildEnvironment): Promise<string> {
  // What cannot be right is refused before anything is received.
  for (const tag of request.tags) tagTarget(tag);
  if (request.platform !== undefined) parsePlatform(request.platform);
  await using opened = await openContext(request, environment);
  const dockerfile = parseDockerfile(opened.dockerfile);
  try {
    return await attempt(request, environment, opened, dockerfile);
  } catch (error) {
    if (!(error instanceof CacheLostError)) throw error;
    environment.logger.warn('layers of the build cache are gone; building anew', { error: error.message });
    await environment.cache.remove(environment.cache.records().filter(({ key }) => error.keys.has(key)));
    return await attempt({ ...request, noCache: true }, environment, opened, dockerfile);
  }
}

/** A record of the cache names a layer that somebody has taken away. */
class CacheLostError extends PouchError {
  readonly keys: ReadonlySet<string>;

  constructor(keys: ReadonlySet<string>, cause: unknown) {
    super('data-loss', 'A layer that the build cache names is gone.', { cause });
    this.keys = keys;
  }
}

async function attempt(
  request: BuildRequest,
  environment: BuildEnvironment,
  opened: OpenedContext,
  dockerfile: Dockerfile,
): Promise<string> {
  await using run = new BuildRun(request, environment, opened, dockerfile);
  return await run.result();
}

class BuildRun implements AsyncDisposable {
  readonly #request: BuildRequest;
  readonly #env: BuildEnvironment;
  readonly #opened: OpenedContext;
  readonly #dockerfile: Dockerfile;
  readonly #stages: readonly Stage[];
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #lease: BuildLease;
  readonly #held = new DisposableStack();
  readonly #steps = new Semaphore(STEPS_AT_ONCE);
  readonly #later: Promise<unknown>[] = [];
  readonly #results = new Map<number, Promise<BuildState>>();
  readonly #args: BuildArgs;
  readonly #images: BaseImages;
  #cache: CacheProbe | undefined;
  #output: BuildOutput | undefined;
  #numbers = new Map<number, number>();
  #total = 0;

  constructor(request: BuildRequest, environment: BuildEnvironment, opened: OpenedContext, dockerfile: Dockerfile) {
    this.#request = request;
    this.#env = environment;
    this.#opened = opened;
    this.#dockerfile = dockerfile;
    this.#stages = withLabels(stagesUpTo(dockerfile.stages, request.target), request.labels);
    this.#signal = AbortSignal.any([request.signal, this.#stop.signal]);
    this.#lease = new BuildLease(environment.containerd.leases);
    const target = request.platform === undefined ? environment.host : parsePlatform(request.platform);
    this.#args = new BuildArgs(request.buildArgs, target, environment.host);
    this.#images = new BaseImages(environment, request, this.#signal);
  }

  async result(): Promise<string> {
    const { onProgress, cacheFrom, noCache } = this.#request;
    const from = cacheFrom.length > 0 ? await this.#images.cacheSources() : [];
    this.#cache = new CacheProbe(this.#env.cache, { use: !noCache, from }, this.#held);
    const needed = this.#plan();
    this.#output = new BuildOutput(onProgress, needed);
    const last = needed.at(-1) as number;
    // All begin at once; each waits for what it needs when it needs it.
    const jobs = needed.map((index) => this.#stage(index));
    const settled = await Promise.allSettled(jobs);
    const failure =
      settled.find((job) => job.status === 'rejected' && !isStop(job.reason)) ??
      settled.find((job) => job.status === 'rejected');
    if (failure?.status === 'rejected') {
      this.#request.signal.throwIfAborted();
      throw failure.reason;
    }
    const state = await this.#stage(last);
    await Promise.all(this.#later);
    this.#warnUnused();
    return await this.#name(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled([...this.#results.values(), ...this.#later]);
    if (this.#cache) this.#env.cache.touch(this.#cache.keys);
    this.#held[Symbol.dispose]();
    await this.#lease[Symbol.asyncDispose]();
  }

  /** ARG before the first FROM, which stages are needed, and how the steps are counted. */
  #plan(): number[] {
    const { escape, metaArgs } = this.#dockerfile;
    const lines: string[] = [];
    for (const instruction of metaArgs) {
      for (const { name, fallback } of readArgs(instruction, this.#args.meta, { escape })) {
        this.#args.declareMeta(name, fallback);
      }
      lines.push(instruction.shown);
    }
    const needed = neededStages(this.#stages, (word) => expandWord(word, this.#args.meta, escape));
    let number = lines.length;
    for (const index of needed) {
      this.#numbers.set(index, number);
      number += 1 + (this.#stages[index] as Stage).instructions.length;
    }
    this.#total = number;
    for (const [index, shown] of lines.entries()) {
      this.#request.onProgress({ stream: `Step ${index + 1}/${this.#total} : ${shown}\n` });
    }
    return needed;
  }

  async #stage(index: number): Promise<BuildState> {
    let result = this.#results.get(index);
    if (!result) {
      result = this.#build(this.#stages[index] as Stage);
      result.catch(() => {});
      this.#results.set(index, result);
    }
    return await result;
  }

  async #build(stage: Stage): Promise<BuildState> {
    const channel = this.#channel(stage.index);
    let number = this.#numbers.get(stage.index) ?? this.#total;
    try {
      return await buildStage({
        stage,
        shared: this.#shared(stage, channel),
        base: async () => await this.#base(stage, channel),
        announce: async ({ shown }) => {
          number += 1;
          await channel.text(`Step ${number}/${this.#total} : ${shown}\n`);
        },
        finish: stage.index === this.#stages.length - 1 ? async (state) => await this.#finish(state) : undefined,
      });
    } catch (error) {
      if (!isStop(error)) this.#output?.failed(stage.index);
      this.#stop.abort();
      throw error;
    } finally {
      this.#output?.end(stage.index);
    }
  }

  /** A stage that only a trigger asks for has no place among the steps that are counted. */
  #channel(index: number): StageOutput {
    if (this.#numbers.has(index)) return (this.#output as BuildOutput).stage(index);
    return { text: async () => {}, message: async () => {} };
  }

  #shared(stage: Stage, output: StageOutput): Parameters<typeof buildStage>[0]['shared'] {
    const layers = new LayerWriter(this.#env, this.#lease, this.#signal);
    return {
      env: this.#env,
      request: this.#request,
      context: this.#opened.context,
      escape: this.#dockerfile.escape,
      args: this.#args.stage(),
      output,
      cache: this.#cache as CacheProbe,
      layers,
      lease: this.#lease,
      signal: this.#signal,
      origin: async (from) => await this.#origin(from, stage, output),
      heavy: async (work) => await this.#guarded(async () => await this.#steps.run(work)),
      later: (work) => {
        work.catch((error: unknown) => this.#env.logger.warn('what a step left could not be put away', { error }));
        this.#later.push(work.catch(() => {}));
      },
    };
  }

  async #base(stage: Stage, output: StageOutput): Promise<BuildState> {
    const { escape } = this.#dockerfile;
    const base = expandBase(stage, this.#args.meta, escape);
    const earlier = findBaseStage(this.#stages, base, stage.index);
    if (earlier) return await this.#stage(earlier.index);
    const own = expandWord(stage.platform, this.#args.meta, escape);
    if (stage.platform !== '' && own === '') {
      throw new PouchError('invalid-argument', `failed to parse platform ${stage.platform}: it is empty`);
    }
    const platform = own === '' ? this.#request.platform : checkedPlatform(own);
    if (base === 'scratch') return emptyState(this.#platform(platform));
    return stateOf(await this.#images.get(base, platform, output));
  }

  #platform(text: string | undefined): Platform {
    const { os, architecture, variant } = text === undefined ? this.#env.host : parsePlatform(text);
    return { os, architecture, ...(architecture === 'arm' && variant !== undefined && { variant }) };
  }

  async #origin(from: string, stage: Stage, output: StageOutput): Promise<CopyOrigin> {
    const found = findStage(this.#stages, from, stage.index);
    if (found) return await this.#stage(found.index);
    if (/^\d+$/.test(from)) {
      const reason = Number(from) === stage.index ? 'refers to current build stage' : 'index out of bounds';
      throw new PouchError('invalid-argument', `invalid from flag value ${from}: ${reason}`);
    }
    if (from.toLowerCase() === stage.name) {
      throw new PouchError('invalid-argument', `invalid from flag value ${from}: refers to current build stage`);
    }
    try {
      const { image } = await this.#images.get(from, this.#request.platform, output);
      return { chain: image.chainId };
    } catch (error) {
      if (!isErrorCode(error, 'not-found', 'invalid-argument')) throw error;
      throw new PouchError(error.code, `invalid from flag value ${from}: ${error.message}`, { cause: error });
    }
  }

  /** Of the state of the target an image, unless there is one. */
  async #finish(state: BuildState): Promise<BuildState> {
    if (state.imageId !== undefined) return state;
    if (state.history.length === 0)
      throw new PouchError('invalid-argument', 'No image was generated. Is your Dockerfile empty?');
    const { assembly } = this.#env.images;
    const known = this.#env.cache.imageOf(state.id);
    if (known !== undefined && assembly.has(known)) return { ...state, id: known, imageId: known };
    const [name] = this.#request.tags;
    const lease = await this.#lease.id();
    const id = await this.#guarded(
      async () => await assembly.assemble({ config: configOf(state), layers: state.layers, name, lease }),
    );
    this.#env.cache.noteImage(state.id, id);
    return { ...state, id, imageId: id };
  }

  /** What the cache named and is gone shows itself as something that is not found. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const keys = this.#cache?.keys ?? new Set<string>();
      const lost = isErrorCode(error, 'not-found') && /snapshot|blob|content|parent/.test(error.message);
      throw lost && keys.size > 0 && !this.#request.noCache ? new CacheLostError(keys, error) : error;
    }
  }

  async #name(state: BuildState): Promise<string> {
    const { tags, onProgress } = this.#request;
    const { id } = state;
    onProgress({ aux: { ID: id } });
    onProgress({ stream: `Successfully built ${shortStateId(id)}\n` });
    for (const tag of new Set(tags)) {
      const shown = await this.#env.images.assembly.name(id, tag);
      onProgress({ stream: `Successfully tagged ${shown}\n` });
    }
    return id;
  }

  #warnUnused(): void {
    const unused = this.#args.unused();
    if (unused.length === 0) return;
    const list = `[${unused.join(' ')}]`;
    this.#request.onProgress({ stream: `[Warning] One or more build-args ${list} were not consumed\n` });
  }
}

/** `--label` is one more LABEL at the end of the last stage. */
function withLabels(stages: readonly Stage[], labels: Readonly<Record<string, string>>): readonly Stage[] {
  const names = Object.keys(labels).toSorted();
  const last = stages.at(-1);
  if (!last || names.length === 0) return stages;
  const more: Instruction[] = names.map((name) => {
    const text = `${quote(name)}=${quote(labels[name] ?? '')}`;
    return { name: 'LABEL', flags: [], text, shown: `LABEL ${name}=${labels[name]}`, heredocs: [], line: 0 };
  });
  return [...stages.slice(0, -1), { ...last, instructions: [...last.instructions, ...more] }];
}

/** In single quotes nothing is replaced. */
function quote(text: string): string {
  return text
    .split("'")
    .map((part) => `'${part}'`)
    .join(`"'"`);
}

function isStop(error: unknown): boolean {
  return isErrorCode(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
}
