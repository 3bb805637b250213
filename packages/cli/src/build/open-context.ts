import { randomBytes } from 'node:crypto';
import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { errorMessage } from '@pouch/base';
import { pack } from 'tar-stream';
import { ExitError } from '../app/errors.ts';
import { packContext, readPatterns } from './pack-context.ts';
import { isRemoteContext } from './remote-context.ts';
import { readAll, readStdinContext } from './stdin-context.ts';

/** What is sent as the context, and how the daemon finds the Dockerfile in it. */
export interface ClientContext {
  readonly body?: AsyncIterable<Uint8Array>;
  readonly remote?: string;
  readonly dockerfile: string;
}

/** A directory, a URL, or `-` for standard input: an archive or a Dockerfile. */
export async function openContext(
  place: string,
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<ClientContext> {
  if (place === '-' && file === '-') {
    throw new ExitError(1, 'invalid argument: cannot use stdin for both build context and Dockerfile');
  }
  if (place === '-') return await fromStdin(stdin, file);
  const isDirectory = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
  if (!isDirectory && isRemoteContext(place)) {
    if (file === '-') throw new ExitError(1, 'a Dockerfile from stdin needs a local context');
    return { remote: place, dockerfile: file };
  }
  if (!isDirectory) throw new ExitError(1, `unable to prepare context: path "${place}" not found`);
  return await fromDirectory(await realpath(place), file, stdin, onBytes);
}

async function fromDirectory(
  directory: string,
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): Promise<ClientContext> {
  const path = file === '' || file === '-' ? join(directory, 'Dockerfile') : resolve(file);
  const patterns = await readPatterns(directory, path);
  const inside = relative(directory, await realpath(path).catch(() => path));
  const isInside = file !== '-' && !inside.startsWith('..') && !isAbsolute(inside);
  if (isInside) {
    const dockerfile = file === '' ? await defaultName(directory) : inside;
    const body = packContext(directory, { patterns, always: [dockerfile, '.dockerignore'], extra: [], onBytes });
    return { body, dockerfile };
  }
  const content = file === '-' ? await readAll(stdin) : await readDockerfile(path);
  // Under a name that nobody has, and that no COPY takes along.
  const name = `.dockerfile.${randomBytes(10).toString('hex')}`;
  const ignore = await readFile(join(directory, '.dockerignore'), 'utf8').catch(() => '');
  const extra = [
    { name, content },
    { name: '.dockerignore', content: Buffer.from(`${ignore}\n.dockerignore\n${name}\n`) },
  ];
  return { body: packContext(directory, { patterns, always: [], extra, onBytes }), dockerfile: name };
}

async function readDockerfile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ExitError(1, `unable to prepare context: ${errorMessage(error)}`);
  }
}

async function defaultName(directory: string): Promise<string> {
  for (const name of ['Dockerfile', 'dockerfile']) {
    if (await stat(join(directory, name)).catch(() => undefined)) return name;
  }
  throw new ExitError(
    1,
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: ${join(directory, 'Dockerfile')}: no such file or directory`,
  );
}

/** An archive, compressed or not, goes as it is; anything else is a Dockerfile. */
async function fromStdin(stdin: AsyncIterable<Uint8Array>, file: string): Promise<ClientContext> {
  const input = await readStdinContext(stdin);
  if (input.kind === 'archive') return { body: input.body, dockerfile: file };
  const tar = pack();
  tar.entry({ name: 'Dockerfile' }, input.content);
  tar.finalize();
  return { body: tar as unknown as AsyncIterable<Uint8Array>, dockerfile: 'Dockerfile' };
}
