import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { isErrorCode, nowNanos, formatTime, PouchError } from '@pouch/base';
import { HeldDirectory } from '../../container/filesystem/held-directory.ts';
import type { CopySource } from '../../container/filesystem/worker/copy-sources.ts';
import type { BuildState } from '../build-state.ts';
import type { Instruction } from '../dockerfile/instruction.ts';
import { type CopyArguments, readCopyArguments } from './copy-arguments.ts';
import { copyFiles, resolveOwner } from './copy-files.ts';
import { download, isUrl } from './download.ts';
import { hashOrigin } from './origin-hash.ts';
import type { CopyOrigin, StepContext } from './step-context.ts';
import { noOperation } from './variables.ts';

/** Sources by the tree that they are in. */
interface Group {
  readonly root: HeldDirectory;
  readonly sources: readonly CopySource[];
  readonly hashes: readonly string[];
  readonly unpack: boolean;
}

/** COPY and ADD. */
export async function copyStep(instruction: Instruction, step: StepContext): Promise<BuildState> {
  const { name } = instruction;
  const copy = readCopyArguments(instruction, step);
  const origin = copy.from === undefined ? undefined : await step.origin(copy.from);
  try {
    return origin ? await copyFromOrigin(name, copy, origin, step) : await copyFromContext(name, copy, step);
  } catch (error) {
    throw isErrorCode(error, 'not-found', 'invalid-argument') ? explained(name, error, origin === undefined) : error;
  }
}

async function copyFromContext(name: string, copy: CopyArguments, step: StepContext): Promise<BuildState> {
  await using resources = new AsyncDisposableStack();
  const groups = await contextGroups(name, copy, step, resources);
  const hashes = groups.flatMap((group) => group.hashes);
  if (hashes.length === 0) throw new PouchError('invalid-argument', 'no source files were specified');
  checkTarget(name, copy, hashes.length);
  const description = describe(name, copy, hashes, step);
  const planned = {
    parts: [
      name,
      hashes,
      copy.target,
      copy.chown,
      copy.mode,
      step.context.attributes,
      groups.map(({ sources }) => sources),
    ],
    description,
    config: step.state.config,
    author: step.state.author,
  };
  const cached = step.cache.find(step.state, planned);
  if (cached) return await told(step, cached);
  return await step.heavy(async () => {
    const written = await step.layers.write(step.state, async (to) => {
      for (const group of groups) await copyGroup(group, to, copy, step, { uid: 0, gid: 0 });
    });
    return step.cache.remember(step.state, planned, resultOf(step, description, written));
  });
}

async function copyFromOrigin(
  name: string,
  copy: CopyArguments,
  origin: CopyOrigin,
  step: StepContext,
): Promise<BuildState> {
  const hash = await hashOrigin(copy.sources, origin, step);
  const description = describe(name, copy, [hash], step);
  const planned = {
    parts: [name, 'from', hash, copy.sources, copy.target, copy.chown, copy.mode],
    description,
    config: step.state.config,
    author: step.state.author,
  };
  const cached = step.cache.find(step.state, planned);
  if (cached) return await told(step, cached);
  return await step.heavy(async () =>
    step.layers.view(origin.chain, async (root) => {
      const sources = await step.env.workers.run(step.signal, (worker) =>
        worker.call('findSources', { root: root.descriptor, sources: copy.sources }),
      );
      checkTarget(name, copy, sources.length);
      const group = { root, sources, hashes: [], unpack: false };
      const written = await step.layers.write(
        step.state,
        async (to) => await copyGroup(group, to, copy, step, undefined),
      );
      return step.cache.remember(step.state, planned, resultOf(step, description, written));
    }),
  );
}

async function copyGroup(
  group: Group,
  to: HeldDirectory,
  copy: CopyArguments,
  step: StepContext,
  fallback: { uid: number; gid: number } | undefined,
): Promise<void> {
  const { env, signal, state } = step;
  const { chown } = copy;
  const owner =
    chown === undefined ? fallback : await env.workers.run(signal, (worker) => resolveOwner(chown, to, worker));
  const { root: from, sources, unpack } = group;
  const target = absolute(copy.target, state.config.WorkingDir ?? '');
  const scratch = env.directory;
  await copyFiles({ from, to, sources, target, owner, mode: copy.mode, unpack, scratch, signal }, env);
}

/** What is in the context, what comes from URLs, and what stands in the Dockerfile itself. */
async function contextGroups(
  name: string,
  copy: CopyArguments,
  step: StepContext,
  resources: AsyncDisposableStack,
): Promise<Group[]> {
  const { env, signal, context } = step;
  const local = copy.sources.filter((source) => !isUrl(source));
  const urls = copy.sources.filter(isUrl);
  if (urls.length > 0 && name === 'COPY') throw new PouchError('invalid-argument', "source can't be a URL for COPY");
  const groups: Group[] = [];
  const scanned = async (root: HeldDirectory, sources: readonly string[], unpack: boolean): Promise<void> => {
    const found = await env.workers.run(signal, async (worker) => {
      const list = await worker.call('findSources', { root: root.descriptor, sources });
      const hashes = await worker.call('hashPaths', { root: root.descriptor, paths: list.map(({ path }) => path) });
      return { list, hashes };
    });
    groups.push({ root, sources: found.list, hashes: found.hashes, unpack });
  };
  if (local.length > 0) await scanned(context.root, local, name === 'ADD');
  if (urls.length > 0 || copy.documents.length > 0) {
    const directory = await mkdtemp(join(env.directory, 'sources-'));
    resources.defer(async () => await rm(directory, { recursive: true, force: true }));
    const names: string[] = [];
    for (const [index, url] of urls.entries()) {
      const own = join(directory, String(index));
      await mkdir(own);
      names.push(`${index}/${await download(url, own, copy, step)}`);
    }
    for (const document of copy.documents) {
      await writeFile(join(directory, document.name), document.content, { mode: 0o644, flag: 'wx' });
      names.push(document.name);
    }
    const root = resources.use(new HeldDirectory(directory));
    // What came from a URL stays as it is, even where it is an archive.
    await scanned(root, names, false);
  }
  return groups;
}

function checkTarget(name: string, copy: CopyArguments, sources: number): void {
  if (sources === 0) throw new PouchError('invalid-argument', 'no source files were specified');
  if (sources > 1 && !copy.target.endsWith('/') && copy.target !== '.' && copy.target !== '..') {
    throw new PouchError(
      'invalid-argument',
      `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
}

function describe(name: string, copy: CopyArguments, hashes: readonly string[], step: StepContext): string {
  const hash = hashes.length === 1 ? hashes[0] : `multi:${createHash('sha256').update(hashes.join(',')).digest('hex')}`;
  const chown = copy.chown === undefined ? '' : `--chown=${copy.chown} `;
  const chmod = copy.mode === undefined ? '' : `--chmod=${copy.mode.toString(8)} `;
  const comment = `${name} ${chown}${chmod}${hash} in ${copy.target} `;
  return noOperation(step.state.config.Shell, comment, ' ');
}

function absolute(target: string, workingDirectory: string): string {
  const path = posix.resolve('/', workingDirectory, target);
  const isDirectory = target.endsWith('/') || target === '.' || target === '..' || target.endsWith('/.');
  return isDirectory && path !== '/' ? `${path}/` : path;
}

export function resultOf(
  { state }: StepContext,
  description: string,
  written: { readonly layer?: Parameters<StepContext['cache']['remember']>[2]['layer']; readonly chain: string },
): Parameters<StepContext['cache']['remember']>[2] {
  const { config, author } = state;
  return {
    config,
    ...(author !== undefined && { author }),
    entry: {
      created: formatTime(nowNanos()),
      created_by: description,
      ...(author !== undefined && { author }),
      ...(!written.layer && { empty_layer: true }),
    },
    ...(written.layer && { layer: written.layer }),
    chain: written.chain,
  };
}

export async function told(step: Pick<StepContext, 'output'>, state: BuildState): Promise<BuildState> {
  await step.output.text(' ---> Using cache\n');
  return state;
}

/** In Docker's words. */
function explained(name: string, error: PouchError, inContext: boolean): PouchError {
  const missing = error.message.startsWith('stat ');
  const where = missing && inContext ? 'file not found in build context or excluded by .dockerignore: ' : '';
  return new PouchError('invalid-argument', `${name} failed: ${where}${error.message}`, { cause: error });
}
