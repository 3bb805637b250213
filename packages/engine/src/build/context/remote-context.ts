import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { errorMessage, exec, peekStream, PouchError } from '@pouch/base';
import { pack } from 'tar-stream';
import { parseHeader } from '../../container/filesystem/worker/tar-header.ts';
import { detectCompression } from '../../image/archive/decompress.ts';
import { DOCKERFILE_LIMIT } from '../dockerfile/limit.ts';

const GIT = /^(?:git:\/\/|git@|(?:https?:\/\/)?github\.com\/|ssh:\/\/.*\.git(?:#|$)|https?:\/\/.*\.git(?:#|$))/;
const GIT_DEADLINE = 600_000;

/** A remote context as a tar stream, and where the Dockerfile is in it when the URL was a Dockerfile's. */
export interface RemoteContext {
  readonly tar: AsyncIterable<Uint8Array>;
  readonly dockerfile?: string;
}

/**
 * What the `remote` of a build names: a git repository (`URL#ref:directory`), or over http(s) an archive or a Dockerfile. Throws
 * invalid-argument for anything else, upstream where it cannot be had, unsupported for git without git.
 */
export async function openRemote(url: string, scratch: string, signal: AbortSignal): Promise<RemoteContext> {
  if (GIT.test(url)) return { tar: cloned(url, scratch, signal) };
  if (!/^https?:\/\//.test(url)) {
    throw new PouchError('invalid-argument', `remote URL ${url.slice(0, 200)} could not be recognized as URL`);
  }
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new PouchError('upstream', `error downloading remote context ${url}: ${errorMessage(cause)}`, {
      cause: error,
    });
  });
  if (!response.ok || !response.body) {
    throw new PouchError('upstream', `error downloading remote context ${url}: the server answered ${response.status}`);
  }
  const { head, stream } = await peekStream(response.body, 512);
  if (detectCompression(head) !== 'none' || isTar(head)) return { tar: stream };
  const text = await limited(stream, url);
  const tar = pack();
  tar.entry({ name: 'Dockerfile' }, text);
  tar.finalize();
  return { tar: tar as unknown as AsyncIterable<Uint8Array>, dockerfile: 'Dockerfile' };
}

/** Whether a block is the header of a tar entry. */
export function isTar(block: Buffer): boolean {
  if (block.length < 512) return false;
  try {
    return parseHeader(block.subarray(0, 512)) !== undefined;
  } catch {
    return false;
  }
}

async function limited(stream: AsyncIterable<Uint8Array>, url: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > DOCKERFILE_LIMIT)
      throw new PouchError('too-large', `${url} is no archive, and too large for a Dockerfile`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** git takes nothing but the repository: no prompts, no hooks, no local files, no other protocols. */
async function* cloned(url: string, scratch: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const [address = '', fragment = ''] = url.split('#', 2);
  const [ref = '', inside = ''] = fragment.split(':', 2);
  const source = address.startsWith('github.com/') ? `https://${address}` : address;
  if (ref.startsWith('-') || source.startsWith('-'))
    throw new PouchError('invalid-argument', `invalid git URL: ${url}`);
  const directory = await mkdtemp(join(scratch, 'git-'));
  try {
    const git = async (...args: string[]): Promise<void> => {
      await exec('git', ['-c', 'core.hooksPath=/dev/null', '-c', 'protocol.file.allow=never', ...args], {
        signal,
        timeout: GIT_DEADLINE,
        env: {
          GIT_TERMINAL_PROMPT: '0',
          GIT_ALLOW_PROTOCOL: 'git:http:https:ssh',
          GIT_CONFIG_NOSYSTEM: '1',
          HOME: directory,
        },
      });
    };
    const tree = join(directory, 'tree');
    await git('init', '--quiet', tree);
    await git('-C', tree, 'fetch', '--quiet', '--depth', '1', '--', source, ref === '' ? 'HEAD' : ref);
    await git('-C', tree, 'checkout', '--quiet', 'FETCH_HEAD');
    await git('-C', tree, 'submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
    await rm(join(tree, '.git'), { recursive: true, force: true });
    // A link in the repository may not lead the packing elsewhere.
    const subdirectory = posix.normalize(`/${inside}`);
    yield* packed(join(tree, subdirectory), tree, signal);
  } catch (error) {
    if (error instanceof PouchError && error.code === 'internal') {
      throw new PouchError('upstream', `unable to 'git clone' ${source}: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function* packed(directory: string, root: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { stdout } = await exec('realpath', ['--', directory]);
  const real = stdout.trim();
  if (real !== root && !real.startsWith(`${root}/`)) {
    throw new PouchError('invalid-argument', 'the directory in the git URL leads out of the repository');
  }
  const child = spawn('tar', ['-C', real, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'ignore'], signal });
  child.on('error', () => {});
  yield* child.stdout as AsyncIterable<Uint8Array>;
}
