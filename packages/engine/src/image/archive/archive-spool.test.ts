import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { asPouchError, PouchError } from '@pouch/base';
import { pack } from 'tar-stream';
import { ArchiveSpool } from './archive-spool.ts';

/** The first half of an archive with one file of a megabyte. */
async function half(compress: (whole: Buffer) => Buffer): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'layer.tar' }, Buffer.from(Array.from({ length: 1 << 20 }, () => Math.random() * 256)));
  tar.finalize();
  const whole = compress(Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>)));
  return whole.subarray(0, whole.length / 2);
}

const FORMS = { tar: (whole: Buffer): Buffer => whole, gzip: gzipSync, zstd: zstdCompressSync } as const;

for (const [form, compress] of Object.entries(FORMS)) {
  for (const [where, length] of [
    ['in the middle of a file', ({ length }: Buffer) => length],
    ['right behind its header', () => (form === 'tar' ? 1024 : 4096)],
  ] as const)
    test(`an archive (${form}) whose reading is cancelled ${where} fails as cancelled`, async () => {
      const parent = await mkdtemp(join(tmpdir(), 'pouch-spool-'));
      try {
        const bytes = await half(compress);
        const stop = new AbortController();
        // Behind the header, the copy is only being opened.
        const source = (async function* () {
          yield bytes.subarray(0, length(bytes));
          stop.abort();
          throw new PouchError('cancelled', 'the client closed the connection before the body was whole');
        })();
        const error = await ArchiveSpool.read(source, parent, stop.signal).then(
          () => undefined,
          (reason: unknown) => asPouchError(reason),
        );
        assert.equal(error?.code, 'cancelled', String(error));
        assert.deepEqual(await readdir(parent), []);
      } finally {
        await rm(parent, { recursive: true });
      }
    });

  test(`an archive (${form}) that ends in the middle of a file is refused as invalid`, async () => {
    const parent = await mkdtemp(join(tmpdir(), 'pouch-spool-'));
    try {
      const bytes = await half(compress);
      const reading = ArchiveSpool.read(
        (async function* () {
          yield bytes;
        })(),
        parent,
      );
      await assert.rejects(reading, (error) => error instanceof PouchError && error.code === 'invalid-argument');
      assert.deepEqual(await readdir(parent), []);
    } finally {
      await rm(parent, { recursive: true });
    }
  });
}
