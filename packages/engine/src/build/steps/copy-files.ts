import { constants, createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { posix } from 'node:path';
import { isErrorCode, PouchError } from '@pouch/base';
import { lookUpUser, parseGroup, parsePasswd } from '@pouch/linux';
import { decompress } from '../../container/filesystem/decompress.ts';
import { feed } from '../../container/filesystem/feed.ts';
import type { FileWorker } from '../../container/filesystem/file-worker.ts';
import { HeldDirectory } from '../../container/filesystem/held-directory.ts';
import { produceTar } from '../../container/filesystem/tar-producer.ts';
import type { CopySource } from '../../container/filesystem/worker/copy-sources.ts';
import type { Owner } from '../../container/filesystem/worker/protocol.ts';
import { isTar } from '../context/remote-context.ts';
import type { BuildEnvironment } from '../build-environment.ts';

export interface CopyJob {
  /** Where the sources are. */
  readonly from: HeldDirectory;
  /** The file system that is copied into. */
  readonly to: HeldDirectory;
  readonly sources: readonly CopySource[];
  /** Absolute; ends with a slash where it must be a directory. */
  readonly target: string;
  /** undefined: as the sources have it. */
  readonly owner: Owner | undefined;
  readonly mode: number | undefined;
  /** ADD: archives are unpacked. */
  readonly unpack: boolean;
  readonly scratch: string;
  readonly signal: AbortSignal;
}

/** Copy files and directories from one confined tree into another. */
export async function copyFiles(job: CopyJob, environment: BuildEnvironment): Promise<void> {
  const { workers } = environment;
  await workers.run(job.signal, async (worker) => {
    const isDirectory = job.target.endsWith('/') || job.sources.length > 1 || job.sources[0]?.isDirectory === true;
    for (const source of job.sources) {
      if (source.isDirectory) await copyContents(job, source, worker, environment);
      else if (!(await unpackArchive(job, source, worker)))
        await copyFile(job, source, isDirectory, worker, environment);
    }
  });
}

/** Everything below a directory goes below the target. */
async function copyContents(
  job: CopyJob,
  source: CopySource,
  worker: FileWorker,
  env: BuildEnvironment,
): Promise<void> {
  await makeDirectory(job, job.target, worker);
  using held = await openSource(job, source, worker);
  await extract(job, job.target, undefined, worker, readMembers(held, ['.'], job, env));
}

async function copyFile(
  job: CopyJob,
  source: CopySource,
  intoDirectory: boolean,
  worker: FileWorker,
  env: BuildEnvironment,
): Promise<void> {
  let directory = job.target;
  let name = posix.basename(text(source.path));
  if (!intoDirectory) {
    const target = await worker.call('findTarget', { root: job.to.descriptor, path: job.target });
    if (target.kind !== 'directory') [directory, name] = [target.directory, target.name];
  }
  await makeDirectory(job, directory, worker);
  using held = await openSource(job, source, worker);
  await extract(job, directory, name, worker, readMembers(held, held.members, job, env));
}

async function makeDirectory(job: CopyJob, path: string, worker: FileWorker): Promise<void> {
  const { owner } = job;
  await worker.call('makeDirectories', { root: job.to.descriptor, path, ...(owner && { owner }) });
}

interface OpenedSource extends Disposable {
  readonly directory: number;
  readonly members: readonly string[];
}

async function openSource(job: CopyJob, { path }: CopySource, worker: FileWorker): Promise<OpenedSource> {
  const source = await worker.call('openSource', { root: job.from.descriptor, path: `/${text(path)}`, follow: true });
  const held = new HeldDirectory(`/proc/self/fd/${source.directory}`);
  await worker.call('release', {});
  return { directory: held.descriptor, members: source.members, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

function readMembers(
  source: OpenedSource,
  members: readonly string[],
  { signal }: CopyJob,
  { logger }: BuildEnvironment,
): AsyncIterable<Uint8Array> {
  return produceTar({ directory: source.directory, members, root: '.', signal }, logger);
}

async function extract(
  job: CopyJob,
  directory: string,
  rename: string | undefined,
  worker: FileWorker,
  tar: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { owner, mode, scratch } = job;
  await worker.call('extractBegin', { root: job.to.descriptor, path: directory });
  await worker.call('extractStart', {
    noOverwriteDirNonDir: false,
    scratch,
    ...(owner && { owner }),
    ...(mode !== undefined && { mode }),
    ...(rename !== undefined && { rename }),
  });
  await feed(worker, tar);
  await worker.call('extractEnd', {});
}

/** ADD of an archive of the context: its content goes below the target. False for what is none. */
async function unpackArchive(job: CopyJob, source: CopySource, worker: FileWorker): Promise<boolean> {
  if (!job.unpack) return false;
  using held = await openSource(job, source, worker);
  const [name] = held.members;
  // Looked up before: a regular file, or opening it would not do.
  const path = Buffer.from(`/proc/self/fd/${held.directory}/${name}`, 'latin1');
  if (!(await isArchive(path, job.signal))) return false;
  await makeDirectory(job, job.target, worker);
  const owner = job.mode === undefined && job.owner?.uid === 0 && job.owner.gid === 0 ? undefined : job.owner;
  const asPacked = { ...job, owner };
  await extract(
    asPacked,
    job.target,
    undefined,
    worker,
    decompress(createReadStream(path, { highWaterMark: 1 << 20 }), job.signal),
  );
  return true;
}

async function isArchive(path: Buffer, signal: AbortSignal): Promise<boolean> {
  // What became of a FIFO must not hold a thread.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!(await file.stat()).isFile()) return false;
    const chunks: Uint8Array[] = [];
    let length = 0;
    const stop = new AbortController();
    const source = file.createReadStream({ autoClose: false, start: 0 });
    try {
      for await (const chunk of decompress(source, AbortSignal.any([signal, stop.signal]))) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= 512) break;
      }
    } catch {
      if (length < 512) return false;
    } finally {
      stop.abort();
      source.destroy();
    }
    return isTar(Buffer.concat(chunks));
  } finally {
    await file.close();
  }
}

function text(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Numbers as they are; names from the user database of the file system that is copied into. Throws invalid-argument. */
export async function resolveOwner(chown: string, root: HeldDirectory, worker: FileWorker): Promise<Owner> {
  const numeric = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(chown);
  if (numeric) return { uid: Number(numeric[1]), gid: Number(numeric[2] ?? numeric[1]) };
  const read = async (path: string): Promise<string> => {
    try {
      return (await worker.call('readText', { root: root.descriptor, path })) ?? '';
    } catch (error) {
      if (isErrorCode(error, 'not-found', 'invalid-argument')) return '';
      throw error;
    }
  };
  try {
    const { uid, gid } = lookUpUser(
      parsePasswd(await read('/etc/passwd')),
      parseGroup(await read('/etc/group')),
      chown,
    );
    return { uid, gid };
  } catch (error) {
    if (!isErrorCode(error, 'invalid-argument')) throw error;
    throw new PouchError(
      'invalid-argument',
      `unable to convert uid/gid chown string to host mapping: ${error.message}`,
    );
  }
}
