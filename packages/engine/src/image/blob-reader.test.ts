import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerdClient } from '@pouch/containerd';
import { digestHex, digestOf } from '@pouch/oci';
import { openBlob } from './blob-reader.ts';

test('a blob whose reader is gone before it is opened leaves no file open', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pouch-blobs-'));
  try {
    const bytes = Buffer.alloc(100_000, 'x');
    const digest = digestOf(bytes);
    mkdirSync(join(root, 'blobs/sha256'), { recursive: true });
    writeFileSync(join(root, 'blobs/sha256', digestHex(digest)), bytes);
    const containerd = {
      content: { info: async () => ({ size: bytes.length }) },
      ingest: { contentRoot: async () => root },
    } as unknown as Pick<ContainerdClient, 'content' | 'ingest'>;
    assert.deepEqual(Buffer.concat(await Array.fromAsync(await openBlob(containerd, digest))), bytes);
    await assert.rejects(openBlob(containerd, digest, 0, AbortSignal.abort()), { name: 'AbortError' });
    await sleep(50);
    assert.equal(openFilesUnder(root), 0);
  } finally {
    rmSync(root, { recursive: true });
  }
});

function openFilesUnder(directory: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => target(fd).startsWith(directory)).length;
}

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
