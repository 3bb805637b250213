import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGzip } from 'node:zlib';
import { errnoCode, PouchError } from '@pouch/base';
import { removeEngineFiles } from './engine-files.ts';
import { LayerTransform } from './layer-transform.ts';

export interface PackRequest {
  /** An overlay's upper directory that nobody writes to any more. */
  readonly upper: string;
  /** The directories below it, newest first. */
  readonly lowers: readonly string[];
  /** Where the layer's blob is written to. */
  readonly output: string;
  /** Take out what the engine itself put there to mount on, which is left by a container that ran. */
  readonly engineFiles: boolean;
}

/** A layer's blob, compressed with gzip; `empty` when nothing has changed; `redirected` where overlayfs has kept less than files. */
export type PackedLayer =
  | { readonly kind: 'layer'; readonly digest: string; readonly diffId: string; readonly size: number }
  | { readonly kind: 'empty' | 'redirected' };

/**
 * An upper directory as a layer (OCI image-spec, layer.md): what stands in it is what has changed, so that nothing else is
 * looked at. GNU tar reads it, for it knows hard links, sparse files and extended attributes; whiteouts and opaque directories
 * become what the specification writes for them on the way.
 */
export async function packLayer(request: PackRequest): Promise<PackedLayer> {
  if (request.engineFiles) removeEngineFiles(request.upper, request.lowers);
  const names = readdirSync(request.upper, { encoding: 'latin1' }).toSorted();
  if (names.length === 0) return { kind: 'empty' };
  const transform = new LayerTransform();
  const packed = createHash('sha256');
  const plain = createHash('sha256');
  const output = openSync(request.output, 'wx', 0o600);
  let size = 0;
  try {
    const child = startTar(request.upper, names);
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (complaints.length < 4096) complaints += text;
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    closed.catch(() => {});
    async function* layer(): AsyncGenerator<Buffer> {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        for (const piece of transform.write(chunk)) {
          plain.update(piece);
          yield piece;
        }
      }
      const [code] = await closed;
      if (code !== 0)
        throw new PouchError('internal', `tar could not read a layer: ${complaints.trim() || String(code)}`);
      const end = transform.end();
      plain.update(end);
      yield end;
    }
    try {
      await pipeline(
        layer,
        createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 256 << 10 }),
        async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) {
            packed.update(chunk);
            for (let at = 0; at < chunk.length; ) at += writeSync(output, chunk, at);
            size += chunk.length;
          }
        },
      );
    } finally {
      child.kill('SIGKILL');
    }
  } catch (error) {
    if (transform.redirected) return { kind: 'redirected' };
    if (errnoCode(error) === 'ENOENT') throw new PouchError('unsupported', 'tar is not installed on this host.');
    throw error;
  } finally {
    closeSync(output);
  }
  return { kind: 'layer', digest: `sha256:${packed.digest('hex')}`, diffId: `sha256:${plain.digest('hex')}`, size };
}

function startTar(
  directory: string,
  names: readonly string[],
): ReturnType<typeof spawn> & { stdout: Readable; stderr: Readable } {
  const args = [
    '--create',
    '--file=-',
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime,delete=mtime',
    '--sort=name',
    '--xattrs',
    '--xattrs-include=*',
    '--numeric-owner',
    '--blocking-factor=128',
    '--warning=no-file-ignored',
    '--directory',
    directory,
    '--null',
    '--verbatim-files-from',
    '--files-from=-',
  ];
  const child = spawn('tar', args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
  return child as ReturnType<typeof spawn> & { stdout: Readable; stderr: Readable };
}
