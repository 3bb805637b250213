import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { exec, isErrorCode } from '@pouch/base';
import { digestOf } from '@pouch/oci';
import { type Header, pack } from 'tar-stream';
import { readArchiveImages } from './archive-images.ts';
import { ArchiveSpool } from './archive-spool.ts';
import { decompressed } from './decompress.ts';
import { writeLayerFile } from './layer-file.ts';
import { packFiles } from './pack-files.ts';

async function* pieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function tarOf(...entries: [Partial<Header> & { name: string }, string?][]): Promise<Buffer> {
  const tar = pack();
  for (const [header, content] of entries) tar.entry(header, content ?? '');
  tar.finalize();
  return await collect(tar as AsyncIterable<Buffer>);
}

suite('reading archives', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pouch-archive-'));
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function refuses(archive: Buffer, message: RegExp): Promise<void> {
    await assert.rejects(
      async () => {
        await using spool = await ArchiveSpool.read(pieces(archive), directory);
        await readArchiveImages(spool);
      },
      (error: unknown) =>
        isErrorCode(error, 'invalid-argument', 'data-loss', 'too-large') && message.test(error.message),
    );
    assert.deepEqual(await readdir(directory), [], 'nothing stays behind');
  }

  test('every compression is recognised, also in single bytes', async () => {
    const plain = Buffer.from('hello '.repeat(5000));
    const { stdout } = await exec('sh', ['-c', 'xz -c | base64 -w0'], { input: plain });
    const packed = {
      gzip: gzipSync(plain),
      zstd: zstdCompressSync(plain),
      xz: Buffer.from(stdout, 'base64'),
      none: plain,
    };
    for (const [name, bytes] of Object.entries(packed)) {
      const { compression, stream } = await decompressed(pieces(bytes, name === 'none' ? 7 : 1));
      assert.equal(compression, name);
      assert.ok((await collect(stream)).equals(plain), name);
    }
  });

  test('a cut or broken compressed stream is an error, not a short file', async () => {
    const packed = gzipSync(Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7919) % 251)));
    const { stream } = await decompressed(pieces(packed.subarray(0, packed.length >> 1)));
    await assert.rejects(collect(stream), (error: unknown) => isErrorCode(error, 'invalid-argument'));
  });

  test('names that lead out, by themselves or by links, are refused', async () => {
    await refuses(await tarOf([{ name: '../evil' }, 'x']), /leads out of the archive/);
    await refuses(await tarOf([{ name: '/etc/passwd' }, 'x']), /leads out of the archive/);
    await refuses(await tarOf([{ name: 'a/../../evil' }, 'x']), /leads out of the archive/);
    await refuses(await tarOf([{ name: 'layer.tar', type: 'symlink', linkname: '../../etc/shadow' }]), /leads out/);
    await refuses(await tarOf([{ name: 'layer.tar', type: 'link', linkname: '/etc/shadow' }]), /leads out/);
  });

  test('two files of one name must be the same', async () => {
    await refuses(await tarOf([{ name: 'index.json' }, '{}'], [{ name: './index.json' }, '[]']), /two different files/);
  });

  test('links are followed inside the archive, and never in a circle', async () => {
    const archive = await tarOf(
      [{ name: 'a/layer.tar' }, 'content'],
      [{ name: 'b/layer.tar', type: 'symlink', linkname: '../a/layer.tar' }],
      [{ name: 'x', type: 'symlink', linkname: 'y' }],
      [{ name: 'y', type: 'symlink', linkname: 'x' }],
    );
    await using spool = await ArchiveSpool.read(pieces(archive), directory);
    assert.equal(spool.get('b/layer.tar')?.digest, digestOf('content'));
    assert.throws(() => spool.get('x'), /circle/);
  });

  test('a blob that is not what its name says is named in the refusal', async () => {
    const digest = digestOf('right');
    const name = `blobs/sha256/${digest.slice(7)}`;
    await refuses(
      await tarOf([{ name }, 'wrong'], [{ name: 'index.json' }, '{}']),
      new RegExp(`${digest} in the archive is corrupt`),
    );
  });

  test('archives that hold no image say so', async () => {
    await refuses(await tarOf([{ name: 'etc/hostname' }, 'x']), /holds no image/);
    await refuses(await tarOf([{ name: 'manifest.json' }, '{"a":']), /not valid JSON/);
    await refuses(await tarOf([{ name: 'manifest.json' }, '[{"Config":1}]']), /must be a list of objects/);
    await refuses(await tarOf([{ name: 'manifest.json' }, '[{"Config":"c.json","Layers":["l"]}]']), /lacks "c\.json"/);
    await refuses(Buffer.from('not a tar file at all, only some text'), /archive/);
    await refuses(Buffer.alloc(0), /empty/);
  });

  test('a layer that is not the one its configuration names is refused', async () => {
    const config = JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [digestOf('other')] },
    });
    const list = JSON.stringify([{ Config: 'c.json', RepoTags: ['a:b'], Layers: ['l.tar'] }]);
    await refuses(
      await tarOf([{ name: 'manifest.json' }, list], [{ name: 'c.json' }, config], [{ name: 'l.tar' }, 'layer']),
      /layer l\.tar in the archive is corrupt/,
    );
  });

  test('files in memory pack to the same bytes every time, in any order', async () => {
    const files = [
      { path: '/bin/a', content: 'x', mode: 0o755 },
      { path: '/bin/b', link: 'a' },
      { path: '/z', directory: true as const },
    ];
    await using first = await packFiles(files, directory);
    await using second = await packFiles(files.toReversed(), directory);
    assert.equal(first.digest, second.digest);
    const { stdout } = await exec('tar', ['-tf', first.path]);
    assert.deepEqual(stdout.trim().split('\n'), ['bin/', 'bin/a', 'bin/b', 'z/']);
    await assert.rejects(packFiles([{ path: '../x' }], directory), /invalid path/);
  });

  test('a layer keeps its gzip bytes, and plain ones are packed; the diff id is of the plain bytes', async () => {
    const plain = await tarOf([{ name: 'a' }, 'x'.repeat(100_000)]);
    const packed = gzipSync(plain);
    await using kept = await writeLayerFile(pieces(packed), directory, {});
    assert.equal(kept.digest, digestOf(packed));
    assert.equal(kept.diffId, digestOf(plain));
    await using made = await writeLayerFile(pieces(plain), directory, {});
    assert.equal(made.diffId, digestOf(plain));
    assert.ok(made.size < plain.length / 10);
    await assert.rejects(writeLayerFile(pieces(Buffer.alloc(0)), directory, {}), /empty/);
  });
});
