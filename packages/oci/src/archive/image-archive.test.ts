import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { MEDIA_TYPE } from '../descriptor.ts';
import { type Digest, digestOf } from '../digest.ts';
import { parseManifest } from '../manifest.ts';
import { familiarString, parseReference } from '../reference.ts';
import type { BlobSink, BlobSource } from './blob-sink.ts';
import { readImageArchive } from './read-archive.ts';
import { writeImageArchive } from './write-archive.ts';

class MemoryStore implements BlobSink, BlobSource {
  readonly blobs = new Map<Digest, Buffer>();

  add(content: string | Buffer): { digest: Digest; size: number } {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  }

  async put(content: Readable): Promise<Digest> {
    return this.add(Buffer.concat(await Array.fromAsync(content as AsyncIterable<Buffer>))).digest;
  }

  async open({ digest }: { digest: Digest }): Promise<Readable> {
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new Error(`no blob ${digest}`);
    return Readable.from([bytes]);
  }
}

function exampleImage(store: MemoryStore) {
  const manifest = store.add(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: { mediaType: MEDIA_TYPE.ociConfig, ...store.add('{"rootfs":{"type":"layers","diff_ids":[]}}') },
      layers: [{ mediaType: MEDIA_TYPE.ociLayerGzip, ...store.add(gzipSync(Buffer.alloc(300_000, 7))) }],
    }),
  );
  return { mediaType: MEDIA_TYPE.ociManifest, ...manifest };
}

async function tarOf(files: readonly (readonly [string, string | Buffer | { link: string }])[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of files) {
    if (typeof content === 'object' && 'link' in content) tar.entry({ name, type: 'symlink', linkname: content.link });
    else tar.entry({ name }, content);
  }
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as unknown as AsyncIterable<Buffer>));
}

test('a written archive reads back with its names and every blob', async () => {
  const source = new MemoryStore();
  const descriptor = exampleImage(source);
  const names = ['busybox:1', 'localhost:5000/x:y'].map(parseReference);
  const archive = Buffer.concat(
    await Array.fromAsync(writeImageArchive([{ descriptor, names }], source) as AsyncIterable<Buffer>),
  );
  for (const packed of [archive, gzipSync(archive)]) {
    const sink = new MemoryStore();
    const images = await readImageArchive(Readable.from([packed.subarray(0, 3), packed.subarray(3)]), sink);
    assert.deepEqual(images, [{ descriptor, names: ['docker.io/library/busybox:1', 'localhost:5000/x:y'] }]);
    assert.deepEqual(new Set(sink.blobs.keys()), new Set(source.blobs.keys()));
  }
  assert.ok(archive.includes(JSON.stringify(names.map(familiarString))));
});

test('an old docker save with a linked layer gets a manifest', async () => {
  const config = `${'c'.repeat(64)}.json`;
  const archive = await tarOf([
    ['a/layer.tar', 'layer one'],
    ['a/json', '{}'],
    ['b/layer.tar', { link: '../a/layer.tar' }],
    [config, '{"rootfs":{}}'],
    ['manifest.json', JSON.stringify([{ Config: config, RepoTags: ['x:1'], Layers: ['a/layer.tar', 'b/layer.tar'] }])],
    ['repositories', '{}'],
  ]);
  const sink = new MemoryStore();
  const [image] = await readImageArchive(Readable.from([archive]), sink);
  assert.deepEqual(image?.names, ['x:1']);
  const manifest = parseManifest(sink.blobs.get(image.descriptor.digest) ?? Buffer.alloc(0));
  assert.deepEqual(
    manifest.layers.map(({ digest, mediaType }) => [digest, mediaType]),
    Array(2).fill([digestOf('layer one'), MEDIA_TYPE.dockerLayer]),
  );
});

test('hostile archives are refused with the reason', async () => {
  const manifest = (value: unknown): [string, string] => ['manifest.json', JSON.stringify(value)];
  const refused: [RegExp, Buffer][] = [
    [/neither manifest.json nor index.json/, await tarOf([['x', 'y']])],
    [/unsafe path/, await tarOf([['../../etc/passwd.tar', 'y']])],
    [/unsafe path/, await tarOf([['a/layer.tar', { link: '../../../etc/passwd' }]])],
    [/unsafe path/, await tarOf([['a/layer.tar', { link: '/etc/passwd' }]])],
    [/leads nowhere/, await tarOf([['a.tar', { link: 'a.tar' }], manifest([{ Config: 'a.tar', Layers: [] }])])],
    [/is not in it/, await tarOf([manifest([{ Config: '/etc/shadow', RepoTags: [], Layers: [] }])])],
    [/must be a string/, await tarOf([manifest([{ Config: 7, Layers: [] }])])],
    [/not valid JSON/, await tarOf([['index.json', '{']])],
    [/is corrupted/, await tarOf([[`blobs/sha256/${'a'.repeat(64)}`, 'other']])],
    [/cannot be read|neither/, Buffer.alloc(2048, 9)],
    [/cannot be read/, (await tarOf([['big.tar', Buffer.alloc(100_000)]])).subarray(0, 50_000)],
    [/cannot be read/, gzipSync(Buffer.alloc(9000)).subarray(0, 20)],
    [/neither/, Buffer.alloc(0)],
  ];
  for (const [reason, archive] of refused) {
    await assert.rejects(readImageArchive(Readable.from([archive]), new MemoryStore()), reason);
  }
});

test('a source that fails fails the written stream', async () => {
  const source = new MemoryStore();
  const descriptor = exampleImage(source);
  source.blobs.delete([...source.blobs.keys()][1] as Digest);
  const archive = writeImageArchive([{ descriptor, names: [] }], source) as AsyncIterable<Buffer>;
  await assert.rejects(Array.fromAsync(archive), /no blob/);
});
