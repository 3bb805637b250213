import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorMessage, PouchError } from '@pouch/base';
import { requireSpace } from '../../image/archive/archive-spool.ts';
import type { CopyArguments } from './copy-arguments.ts';
import type { StepContext } from './step-context.ts';

const SPACE_EVERY = 64 << 20;
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 200;

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/**
 * ADD from a URL: the file gets mode 0600 and the time that the server tells. Returns its name in `directory`. Throws upstream,
 * invalid-argument where it has no name, data-loss for another checksum than `--checksum`.
 */
export async function download(
  url: string,
  directory: string,
  copy: CopyArguments,
  step: StepContext,
): Promise<string> {
  const response = await fetch(url, { signal: step.signal }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new PouchError('upstream', `ADD failed: Get "${url}": ${errorMessage(cause)}`, { cause: error });
  });
  if (!response.ok || !response.body) {
    throw new PouchError(
      'upstream',
      `ADD failed: failed to GET ${url} with status ${response.status} ${response.statusText}`,
    );
  }
  const name = nameOf(url, response);
  if (name === '' && copy.target.endsWith('/')) {
    throw new PouchError('invalid-argument', `cannot determine filename for source ${url}`);
  }
  const path = join(directory, name || '__unnamed__');
  const hash = createHash('sha256');
  const total = Number(response.headers.get('content-length') ?? 0);
  const body = response.body;
  let current = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let checked = -SPACE_EVERY;
    let toldAt = 0;
    for await (const chunk of body) {
      if (current - checked >= SPACE_EVERY) {
        await requireSpace(directory);
        checked = current;
      }
      current += chunk.length;
      hash.update(chunk);
      if (Date.now() - toldAt > TELL_EVERY) {
        toldAt = Date.now();
        await step.output.message({ status: 'Downloading', progressDetail: { current, ...(total > 0 && { total }) } });
      }
      yield chunk;
    }
  }
  await pipeline(counted, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: step.signal });
  await step.output.message({ status: 'Downloading', progressDetail: { current, ...(total > 0 && { total }) } });
  await step.output.text('\n');
  const digest = `sha256:${hash.digest('hex')}`;
  if (copy.checksum && copy.checksum !== digest) {
    throw new PouchError('data-loss', `ADD failed: ${url} has the checksum ${digest}, not ${copy.checksum}`);
  }
  const modified = Date.parse(response.headers.get('last-modified') ?? '');
  const seconds = Number.isNaN(modified) ? 0 : modified / 1000;
  await utimes(path, seconds, seconds);
  return basename(path);
}

function nameOf(url: string, response: Response): string {
  const { pathname } = new URL(url);
  const own = pathname.endsWith('/') ? '' : basename(decodeName(pathname));
  if (own !== '') return own;
  const match = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '');
  const told = basename(match?.[1] ?? '');
  return told === '.' || told === '..' ? '' : told;
}

function decodeName(path: string): string {
  try {
    const decoded = decodeURIComponent(path);
    return decoded.includes('\0') ? path : decoded;
  } catch {
    return path;
  }
}
