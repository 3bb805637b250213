import { mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { BuildRequest, Dockerfile } from './build-request.ts';

const NAME = 'Dockerfile';

/** Where a build's files come from: what the frontend is told, and the directories that it will ask this client for. */
export interface Sources extends AsyncDisposable {
  readonly attributes: Readonly<Record<string, string>>;
  /** By the names that the frontend has for them. */
  readonly directories: ReadonlyMap<string, string>;
  readonly archive: AsyncIterable<Uint8Array> | undefined;
}

/** Throws `not-found` for a directory that is not there. */
export async function prepareSources(request: BuildRequest): Promise<Sources> {
  const { context, dockerfile, namedContexts } = request;
  const attributes: Record<string, string> = {};
  const directories = new Map<string, string>();
  const temporary = new Temporary();
  try {
    if (context.kind === 'remote') attributes['context'] = context.url;
    else if (context.kind === 'directory') directories.set('context', await directoryAt(context.path));
    else if (context.kind === 'empty') directories.set('context', await temporary.directory('context'));
    if (context.kind === 'directory' || context.kind === 'empty' || dockerfile.kind === 'text') {
      const found = await localDockerfile(dockerfile, directories.get('context') ?? '', temporary);
      directories.set('dockerfile', dirname(found));
      attributes['filename'] = basename(found);
      // The frontend looks into the context where it is told nothing.
      if (context.kind !== 'directory' && context.kind !== 'empty') attributes['dockerfilekey'] = 'dockerfile';
    } else if (dockerfile.kind === 'path') attributes['filename'] = dockerfile.path;
    for (const [name, place] of Object.entries(namedContexts)) {
      attributes[`context:${name}`] = await namedContext(name, place, directories);
    }
  } catch (error) {
    await temporary[Symbol.asyncDispose]();
    throw error;
  }
  return {
    attributes,
    directories,
    archive: context.kind === 'archive' ? context.body : undefined,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

async function localDockerfile(dockerfile: Dockerfile, context: string, temporary: Temporary): Promise<string> {
  if (dockerfile.kind === 'path') {
    if (!(await exists(dockerfile.path))) {
      throw new PouchError('not-found', `unable to prepare context: there is no Dockerfile ${dockerfile.path}`);
    }
    return join(await realpath(dirname(dockerfile.path)), basename(dockerfile.path));
  }
  if (dockerfile.kind === 'text') {
    const path = join(await temporary.directory('dockerfile'), NAME);
    await writeFile(path, dockerfile.text);
    return path;
  }
  for (const name of [NAME, NAME.toLowerCase()]) if (await exists(join(context, name))) return join(context, name);
  throw new PouchError(
    'not-found',
    `unable to prepare context: there is no Dockerfile in ${context}; name one with --file`,
  );
}

async function namedContext(name: string, place: string, directories: Map<string, string>): Promise<string> {
  if (place.startsWith('oci-layout://')) {
    throw new PouchError('unsupported', `the build context ${name}: an OCI layout is for docker buildx`);
  }
  if (/^(https?|git|ssh|docker-image|target|input):|^git@|^github\.com\//.test(place)) return place;
  // Under a name that is neither `context` nor `dockerfile`, whatever the user calls it.
  const key = `named-${name}`;
  directories.set(key, await directoryAt(place));
  return `local:${key}`;
}

async function directoryAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new PouchError('not-found', `unable to prepare context: path "${path}" not found, or no directory`);
  }
  return await realpath(path);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Directories that only this build has. */
class Temporary implements AsyncDisposable {
  #root: string | undefined;

  async directory(name: string): Promise<string> {
    this.#root ??= await mkdtemp(join(tmpdir(), 'pouch-build-'));
    const path = join(this.#root, name);
    await mkdir(path);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#root !== undefined) await rm(this.#root, { recursive: true, force: true });
  }
}
