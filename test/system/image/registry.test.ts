import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { JSONMessage } from '../../../packages/api/src/index.ts';
import { exec, isErrorCode, sleep } from '../../../packages/base/src/index.ts';
import {
  type Descriptor,
  digestOf,
  type ImageReference,
  MEDIA_TYPE,
  parseReference,
} from '../../../packages/oci/src/index.ts';
import { RealRegistry } from '../registry/real-registry.ts';
import { busyboxFiles, collect, Images, missingForImages } from './manager.kit.ts';

const NO_FORCE = { force: false, noPrune: false };
const FORCE = { force: true, noPrune: false };

interface Entry {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly mtime?: number;
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, content, mode, uid, mtime } of entries) {
    const isDirectory = name.endsWith('/');
    const header = {
      name,
      mode: mode ?? (isDirectory ? 0o755 : 0o644),
      uid: uid ?? 0,
      gid: uid ?? 0,
      mtime: new Date((mtime ?? 1_000_000_000) * 1000),
    };
    if (isDirectory) tar.entry({ ...header, type: 'directory' });
    else tar.entry(header, Buffer.from(content ?? ''));
  }
  tar.finalize();
  return await collect(tar as AsyncIterable<Buffer>);
}

suite('images and a registry', {
  skip: missingForImages() || !existsSync('/usr/bin/docker-registry'),
  timeout: 180_000,
}, () => {
  let images: Images;
  let registry: RealRegistry;

  before(async () => {
    registry = await RealRegistry.start();
    images = await Images.start();
  });
  after(async () => {
    await images[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  async function putBlob(reference: ImageReference, bytes: Buffer, mediaType: string): Promise<Descriptor> {
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await images.registry.pushBlob(reference, descriptor, {
      open: (offset) => Readable.from([bytes.subarray(offset)]),
    });
    return descriptor;
  }

  /** Push an image of plain layers, packed in turn with gzip, zstd and not at all. */
  async function putImage(
    name: string,
    layers: readonly Buffer[],
    platform = 'amd64',
    diffIds?: readonly string[],
  ): Promise<Descriptor> {
    const reference = parseReference(name);
    const packed: Descriptor[] = [];
    for (const [index, layer] of layers.entries()) {
      const way = index % 3;
      const bytes = way === 0 ? gzipSync(layer, { level: 1 }) : way === 1 ? zstdCompressSync(layer) : layer;
      const mediaType = way === 0 ? MEDIA_TYPE.ociLayerGzip : way === 1 ? MEDIA_TYPE.ociLayerZstd : MEDIA_TYPE.ociLayer;
      packed.push(await putBlob(reference, bytes, mediaType));
    }
    const config = JSON.stringify({
      os: 'linux',
      architecture: platform,
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds ?? layers.map((layer) => digestOf(layer)) },
      history: [],
    });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociManifest,
        config: await putBlob(reference, Buffer.from(config), MEDIA_TYPE.ociConfig),
        layers: packed,
      }),
    );
    await images.registry.pushManifest(reference, manifest, MEDIA_TYPE.ociManifest);
    return { mediaType: MEDIA_TYPE.ociManifest, digest: digestOf(manifest), size: manifest.length };
  }

  async function pull(name: string, platform?: string): Promise<JSONMessage[]> {
    const messages: JSONMessage[] = [];
    await images.manager.pull(name, {
      ...(platform !== undefined && { platform }),
      onProgress: (message) => messages.push(message),
    });
    return messages;
  }

  /** The directories of an image's layers, topmost first. */
  async function layerDirectories(name: string): Promise<string[]> {
    const { snapshots } = images.containerd.client;
    const { chainId } = await images.manager.resolve(name);
    const [mount] = await snapshots.view('look', chainId, { 'containerd.io/gc.root': new Date().toISOString() });
    await snapshots.remove('look');
    const lower = mount?.options.find((option) => option.startsWith('lowerdir='));
    return lower?.slice(9).split(':') ?? [mount?.source ?? ''];
  }

  test('push, remove, pull by tag and by digest, and what the client is told', async () => {
    const name = `${registry.domain}/team/hello:1`;
    const id = await images.manager.importFiles(name, await busyboxFiles(), {});
    const pushed: JSONMessage[] = [];
    await images.manager.push(name, { onProgress: (message) => pushed.push(message) });
    assert.equal(pushed[0]?.status, `The push refers to repository [${registry.domain}/team/hello]`);
    assert.ok(pushed.some(({ status }) => status === 'Pushed'));
    assert.match(pushed.at(-2)?.status ?? '', new RegExp(`^1: digest: ${id} size: \\d+$`));
    assert.equal((pushed.at(-1)?.aux as { Digest: string } | undefined)?.Digest, id);
    const again: JSONMessage[] = [];
    await images.manager.push(name, { onProgress: (message) => again.push(message) });
    assert.ok(again.some(({ status }) => status === 'Layer already exists'));

    await images.manager.tag(name, `${registry.domain}/other/hello:1`);
    const mounted: JSONMessage[] = [];
    await images.manager.push(`${registry.domain}/other/hello:1`, { onProgress: (message) => mounted.push(message) });
    assert.ok(
      mounted.some(({ status }) => status === 'Mounted from team/hello'),
      JSON.stringify(mounted),
    );

    await images.manager.remove(id, FORCE);
    const pulled = await pull(name);
    const told = pulled.map(({ status }) => status);
    for (const status of [
      'Pulling from team/hello',
      'Pulling fs layer',
      'Download complete',
      'Pull complete',
      `Digest: ${id}`,
      `Status: Downloaded newer image for ${name}`,
    ]) {
      assert.ok(told.includes(status), `${status}: ${told.join()}`);
    }
    assert.equal((await pull(name)).at(-1)?.status, `Status: Image is up to date for ${name}`);
    await images.manager.remove(name, NO_FORCE);
    await pull(`${registry.domain}/team/hello@${id}`);
    assert.equal((await images.manager.resolve(`${registry.domain}/team/hello@${id}`)).id, id);
    await images.manager.remove(id, FORCE);
  });

  test('layers in gzip, zstd and plain; whiteouts, opaque and implied directories come out as they must', async () => {
    const name = `${registry.domain}/layers:1`;
    await putImage(name, [
      await tarOf([
        { name: 'data/', mode: 0o750, uid: 7, mtime: 5 },
        { name: 'data/old', content: 'o' },
        { name: 'gone', content: 'g' },
        { name: 'full/' },
        { name: 'full/below' },
      ]),
      // No entry for data/: it must stay as the layer below has it.
      await tarOf([
        { name: 'data/new', content: 'n' },
        { name: '.wh.gone' },
        { name: 'full/', mode: 0o711 },
        { name: 'full/.wh..wh..opq' },
        { name: 'full/own' },
      ]),
      await tarOf([{ name: 'data/.wh.old' }]),
    ]);
    await pull(name);
    const [top = '', middle = ''] = await layerDirectories(name);
    const data = await stat(join(middle, 'data'));
    assert.deepEqual([data.mode & 0o7777, data.uid, data.mtimeMs], [0o750, 7, 5000]);
    assert.equal((await stat(join(top, 'data'))).uid, 7);
    const { stdout } = await exec('stat', ['-c', '%F %t,%T', join(middle, 'gone'), join(top, 'data/old')]);
    assert.equal(stdout, 'character special file 0,0\ncharacter special file 0,0\n');
    const directories = await layerDirectories(name);
    const merged = join(images.root, 'merged');
    await exec('sh', [
      '-c',
      `mkdir ${merged} && mount -t overlay overlay -o ro,lowerdir=${directories.join(':')} ${merged}`,
    ]);
    try {
      const { stdout: listing } = await exec('sh', ['-c', `cd ${merged} && find . -mindepth 1 | sort`]);
      assert.deepEqual(listing.trim().split('\n'), ['./data', './data/new', './full', './full/own']);
      assert.equal((await stat(join(merged, 'full'))).mode & 0o7777, 0o711);
    } finally {
      await exec('umount', [merged]);
    }
    const leftovers = (await exec('ctr', ['-a', images.containerd.client.address, '-n', 'test', 'snapshots', 'ls']))
      .stdout;
    assert.doesNotMatch(leftovers, /pouch-extract/);
  });

  test('the same image pulled twice at once, and another that shares its layers', async () => {
    const layers = [
      await tarOf([{ name: 'a/' }, { name: 'a/1', content: Buffer.alloc(3_000_000, 'x') }]),
      await tarOf([{ name: 'a/' }, { name: 'a/2' }]),
    ];
    await putImage(`${registry.domain}/shared:1`, layers);
    await putImage(`${registry.domain}/shared:2`, [...layers, await tarOf([{ name: 'a/' }, { name: 'a/3' }])]);
    await Promise.all([
      pull(`${registry.domain}/shared:1`),
      pull(`${registry.domain}/shared:1`),
      pull(`${registry.domain}/shared:2`),
    ]);
    assert.equal((await layerDirectories(`${registry.domain}/shared:2`)).length, 3);
    await putImage(`${registry.domain}/shared:3`, [...layers, await tarOf([{ name: 'a/' }, { name: 'a/4' }])]);
    const told = await pull(`${registry.domain}/shared:3`);
    assert.ok(told.some(({ status }) => status === 'Already exists'));
  });

  test('of an index only the chosen platform is fetched; one that is not there is refused as Docker does', async () => {
    const name = `${registry.domain}/multi:1`;
    const layer = await tarOf([{ name: 'x', content: 'amd64' }]);
    const other = await tarOf([{ name: 'x', content: 'other' }]);
    const amd64 = await putImage(`${registry.domain}/multi:amd64`, [layer]);
    const s390x = await putImage(`${registry.domain}/multi:s390x`, [other], 's390x');
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.ociIndex,
        manifests: [
          { ...s390x, platform: { os: 'linux', architecture: 's390x' } },
          { ...amd64, platform: { os: 'linux', architecture: 'amd64' } },
        ],
      }),
    );
    await images.registry.pushManifest(parseReference(name), index, MEDIA_TYPE.ociIndex);
    await pull(name);
    const { id, manifestDigest } = await images.manager.resolve(name);
    assert.equal(id, digestOf(index));
    assert.equal(manifestDigest, amd64.digest);
    assert.equal(await images.containerd.client.content.exists(s390x.digest), false);
    await assert.rejects(
      pull(name, 'linux/arm64'),
      /no matching manifest for linux\/arm64 in the manifest list entries/,
    );
    await pull(name, 'linux/s390x');
    assert.equal((await images.manager.resolve(name, 'linux/s390x')).manifestDigest, s390x.digest);
    const { Manifests = [] } = await images.manager.inspect(name, { manifests: true });
    assert.deepEqual(
      Manifests.map(({ Available }) => Available),
      [true, true],
    );
    await images.manager.tag(name, `${registry.domain}/copy:1`);
    await images.manager.push(`${registry.domain}/copy:1`, {});
    assert.equal((await images.manager.distribution(`${registry.domain}/copy:1`)).Descriptor.digest, id);
  });

  test('a corrupted blob is refused by its name, and a layer that is not its diff id by both', async () => {
    const name = `${registry.domain}/corrupt:1`;
    const layer = await tarOf([{ name: 'x', content: createHash('sha512').update('x').digest() }]);
    await putImage(name, [layer]);
    const digest = digestOf(gzipSync(layer, { level: 1 }));
    const hex = digest.slice(7);
    const file = join(registry.directory, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    const { size } = await stat(file);
    await writeFile(file, Buffer.alloc(size, 'z'));
    await assert.rejects(
      pull(name),
      (error: unknown) => isErrorCode(error, 'data-loss') && error.message.includes(digest),
    );
    await assert.rejects(images.manager.inspect(name), /No such image/);

    const lying = `${registry.domain}/lying:1`;
    const honest = await tarOf([{ name: 'y', content: 'y' }]);
    await putImage(lying, [honest], 'amd64', [digestOf('something else')]);
    await assert.rejects(
      pull(lying),
      (error: unknown) =>
        isErrorCode(error, 'data-loss') && /unpacks to sha256:.*configuration says/.test(error.message),
    );
    await assert.rejects(images.manager.inspect(lying), /No such image/);
  });

  test('a pull that was cut off goes on where it stopped', async () => {
    const name = `${registry.domain}/resumed:1`;
    const bytes = Buffer.alloc(40_000_000);
    for (let at = 0; at < bytes.length; at += 64) createHash('sha512').update(String(at)).digest().copy(bytes, at);
    await putImage(name, [await tarOf([{ name: 'big', content: bytes }])]);
    const partial = join(images.root, 'image/partial');
    const size = async (): Promise<number> => {
      const [file] = await readdir(partial).catch(() => []);
      return file === undefined
        ? 0
        : await stat(join(partial, file)).then(
            (found) => found.size,
            () => 0,
          );
    };
    const stop = new AbortController();
    const cut = images.manager.pull(name, { signal: stop.signal });
    let ended = false;
    const rejected = assert
      .rejects(cut, (error) => error instanceof Error)
      .finally(() => {
        ended = true;
      });
    rejected.catch(() => {});
    // The file is looked at: progress is told in intervals, in which all may have come.
    while (!ended && (await size()) < 2_000_000) await sleep(1);
    stop.abort();
    await rejected;
    const [left] = await readdir(partial);
    assert.match(left ?? '', /^sha256-[0-9a-f]{64}\.partial$/);
    const had = (await stat(join(partial, left ?? ''))).size;
    assert.ok(had > 1_000_000, String(had));
    const told = await pull(name);
    const first = told.find(({ status }) => status === 'Downloading')?.progressDetail?.current ?? 0;
    assert.ok(first >= had, `went on at ${first} of ${had}`);
    assert.deepEqual(await readdir(partial), []);
    await sleep(0);
  });

  test('what is not there is not found', async () => {
    await assert.rejects(pull(`${registry.domain}/nosuch:1`), (error: unknown) => isErrorCode(error, 'not-found'));
    await assert.rejects(
      images.manager.push(`${registry.domain}/nosuch:1`, {}),
      /tag does not exist: localhost:\d+\/nosuch:1/,
    );
  });

  test('after all this no lease is left', async () => {
    assert.deepEqual(await images.containerd.client.leases.list(), []);
  });
});
