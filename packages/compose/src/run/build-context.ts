import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { errnoCode, PathPatterns, PouchError } from '@pouch/base';
import { type Header, type Pack, pack } from 'tar-stream';
import type { Build } from '../schema/service-parts.ts';

export interface BuildContext {
  readonly tar: AsyncIterable<Uint8Array>;
  /** Name of the Dockerfile in the archive. */
  readonly dockerfile: string;
}

const INLINE_NAME = '.pouch.inline.Dockerfile';
const OUTSIDE_NAME = '.pouch.Dockerfile';

/** The directory of a build as a tar stream: without what .dockerignore leaves out, with the Dockerfile in any case. */
export async function buildContext(service: string, build: Build): Promise<BuildContext> {
  const root = build.context ?? '.';
  const found = await stat(root).catch((error: unknown) => {
    if (errnoCode(error) !== 'ENOENT') throw error;
    throw new PouchError('not-found', `services.${service}.build: the context ${root} does not exist`, {
      cause: error,
    });
  });
  if (!found.isDirectory()) {
    throw new PouchError('invalid-argument', `services.${service}.build: the context ${root} is not a directory`);
  }
  const path = resolve(root, build.dockerfile ?? 'Dockerfile');
  const inside = relative(root, path);
  const isInside = !inside.startsWith('..') && !isAbsolute(inside);
  const extra = await extraDockerfile(service, build, isInside ? undefined : path);
  const dockerfile = extra?.name ?? inside;
  const ignore = await ignoreRules(root, path);
  const tar = pack();
  const keep = new Set(['.dockerignore', dockerfile]);
  const fill = async (): Promise<void> => {
    if (extra) await entry(tar, { name: extra.name, mode: 0o644, type: 'file' }, extra.content);
    await addDirectory(tar, root, '', ignore, keep);
    tar.finalize();
  };
  fill().catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  return { tar: tar as unknown as AsyncIterable<Uint8Array>, dockerfile };
}

/** A Dockerfile that is not in the context travels beside it. */
async function extraDockerfile(
  service: string,
  build: Build,
  outside: string | undefined,
): Promise<{ readonly name: string; readonly content: Buffer } | undefined> {
  if (build.dockerfile_inline !== undefined)
    return { name: INLINE_NAME, content: Buffer.from(build.dockerfile_inline) };
  if (outside === undefined) return undefined;
  try {
    return { name: OUTSIDE_NAME, content: await readFile(outside) };
  } catch (error) {
    throw new PouchError('not-found', `services.${service}.build: cannot read the Dockerfile ${outside}`, {
      cause: error,
    });
  }
}

/** `NAME.dockerignore` beside the Dockerfile, else `.dockerignore` of the context. */
async function ignoreRules(root: string, dockerfile: string): Promise<PathPatterns> {
  for (const path of [`${dockerfile}.dockerignore`, join(root, '.dockerignore')]) {
    try {
      return PathPatterns.parse(await readFile(path, 'utf8'));
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT') throw error;
    }
  }
  return PathPatterns.of([]);
}

async function addDirectory(
  tar: Pack,
  root: string,
  directory: string,
  ignore: PathPatterns,
  keep: ReadonlySet<string>,
): Promise<void> {
  for (const name of (await readdir(join(root, directory))).toSorted()) {
    const path = directory === '' ? name : `${directory}/${name}`;
    const found = await lstat(join(root, path));
    const ignored = ignore.excludes(path) && !keep.has(path);
    const header: Header = { name: path, mode: found.mode & 0o7777, mtime: found.mtime, uid: 0, gid: 0 } as Header;
    if (found.isDirectory()) {
      if (!ignored) await entry(tar, { ...header, name: `${path}/`, type: 'directory' });
      const mayHold = ignore.mayHoldIncluded(path) || [...keep].some((one) => one.startsWith(`${path}/`));
      if (!ignored || mayHold) await addDirectory(tar, root, path, ignore, keep);
    } else if (ignored) continue;
    else if (found.isSymbolicLink()) {
      await entry(tar, { ...header, type: 'symlink', linkname: await readlink(join(root, path)) });
    } else if (found.isFile()) await file(tar, { ...header, type: 'file', size: found.size }, join(root, path));
  }
}

async function entry(tar: Pack, header: Partial<Header> & Pick<Header, 'name'>, content?: Buffer): Promise<void> {
  await new Promise<void>((done, reject) => {
    const finished = (error?: Error | null): void => (error ? reject(error) : done());
    if (content) tar.entry(header, content, finished);
    else tar.entry(header, finished);
  });
}

/** Not beyond the size that the header promises, should the file be growing. */
async function file(tar: Pack, header: Header & { readonly size: number }, path: string): Promise<void> {
  if (header.size === 0) return await entry(tar, header, Buffer.alloc(0));
  const { promise: written, resolve: done, reject } = Promise.withResolvers<void>();
  const target = tar.entry(header, (error) => (error ? reject(error) : done()));
  const feed = async (): Promise<void> => {
    for await (const chunk of createReadStream(path, { end: header.size - 1 })) {
      if (target.destroyed) return;
      if (!target.write(chunk as Uint8Array)) {
        await new Promise<void>((ready) => void target.once('drain', ready).once('close', ready));
      }
    }
    target.end(undefined);
  };
  feed().catch(reject);
  await written;
}
