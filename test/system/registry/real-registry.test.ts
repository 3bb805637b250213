import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { MEDIA_TYPE, parsePlatform, parseReference, withDigest } from '@pouch/oci';
import { DockerConfig } from '@pouch/registry';
import {
  blobOf,
  exampleBlob,
  exampleManifest,
  makeClient,
  opener,
  pushExample,
  temporaryDirectory,
} from './fixtures.ts';
import { RealRegistry } from './real-registry.ts';

test('plain HTTP on localhost: push, resolve, pull, tags, search, by tag and by digest', async () => {
  await using registry = await RealRegistry.start();
  await using directory = await temporaryDirectory();
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/team/app:v1`);
  const { layer, config, manifest } = await pushExample(client, reference);

  assert.deepEqual(await client.resolve(reference), manifest.descriptor);
  const fetched = await client.getManifest(withDigest(reference, manifest.descriptor.digest));
  assert.deepEqual(fetched.bytes, manifest.bytes);
  assert.deepEqual(await client.readBlob(reference, config.descriptor, 1e6), config.bytes);
  const steps: number[] = [];
  const file = await client.fetchBlob(reference, layer.descriptor, directory.path, {
    onProgress: (bytes) => steps.push(bytes),
  });
  assert.deepEqual(await readFile(file), layer.bytes);
  assert.equal(steps.at(-1), layer.bytes.length);

  assert.equal(await client.pushBlob(reference, layer.descriptor, { open: opener(layer) }), 'exists');
  const other = parseReference(`${registry.domain}/other:v1`);
  const mountFrom = [reference];
  assert.equal(await client.pushBlob(other, layer.descriptor, { open: opener(layer), mountFrom }), 'mounted');
  assert.deepEqual(await client.listTags(reference), ['v1']);
  assert.deepEqual(
    (await client.search(registry.domain, 'APP', 10)).map(({ name }) => name),
    ['team/app'],
  );
  const inspected = await client.inspectDistribution(reference);
  assert.deepEqual(inspected.platforms, [{ os: 'linux', architecture: 'amd64' }]);

  await assert.rejects(client.resolve(parseReference(`${registry.domain}/team/app:none`)), { code: 'not-found' });
  await assert.rejects(
    client.getManifest(parseReference(`${registry.domain}/team/app:none`)),
    /manifest for .*:none not found/,
  );
  await assert.rejects(client.getManifest(parseReference(`${registry.domain}/no/such:1`)), { code: 'not-found' });
});

test('an index is resolved for a platform', async () => {
  await using registry = await RealRegistry.start();
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/multi:1`);
  const manifests = [];
  for (const name of ['linux/arm64', 'linux/amd64']) {
    const { manifest } = await pushExample(
      client,
      parseReference(`${registry.domain}/multi:${name.replace('/', '-')}`),
    );
    manifests.push({ ...manifest.descriptor, platform: parsePlatform(name) });
  }
  const index = blobOf(
    JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests }),
    MEDIA_TYPE.ociIndex,
  );
  await client.pushManifest(reference, index.bytes, MEDIA_TYPE.ociIndex);
  assert.deepEqual(await client.resolve(reference), index.descriptor);
  assert.deepEqual(await client.resolve(reference, { platform: parsePlatform('linux/amd64/v3') }), manifests[1]);
  await assert.rejects(
    client.resolve(reference, { platform: parsePlatform('linux/s390x') }),
    /no matching manifest for linux\/s390x/,
  );
  assert.equal((await client.inspectDistribution(reference)).platforms.length, 2);
});

test('an upload in small pieces arrives whole', async () => {
  await using registry = await RealRegistry.start();
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/pieces:1`);
  const blob = exampleBlob(1_000_001);
  const result = await client.pushBlob(reference, blob.descriptor, { open: opener(blob), chunkSize: 300_000 });
  assert.equal(result, 'uploaded');
  assert.deepEqual(await client.readBlob(reference, blob.descriptor, 2e6), blob.bytes);
  const empty = exampleBlob(0);
  assert.equal(await client.pushBlob(reference, empty.descriptor, { open: opener(empty) }), 'uploaded');
});

test('basic authentication over TLS with an authority of its own', async () => {
  const auth = { username: 'user', password: 'pass:word' };
  await using registry = await RealRegistry.start({ auth, tls: true });
  await using certificates = await temporaryDirectory();
  await mkdir(join(certificates.path, registry.domain));
  await copyFile(registry.caPath, join(certificates.path, registry.domain, 'ca.crt'));
  const settings = { certificateDirectories: [certificates.path] };
  using client = makeClient(settings);
  const reference = parseReference(`${registry.domain}/private:1`);
  const call = { credentials: auth };
  const { layer, config, manifest } = await pushExample(client, reference, call);
  assert.deepEqual(await client.resolve(reference, call), manifest.descriptor);
  assert.deepEqual(await client.readBlob(reference, layer.descriptor, 1e6, call), layer.bytes);

  await assert.rejects(client.resolve(reference), {
    code: 'not-found',
    message: /pull access denied for .*may require 'docker login'/,
  });
  await assert.rejects(
    client.resolve(reference, { credentials: { username: 'user', password: 'wrong' } }),
    /pull access denied/,
  );
  assert.deepEqual(await client.login(registry.domain, call), {});
  await assert.rejects(client.login(registry.domain, { credentials: { username: 'x', password: 'y' } }), {
    code: 'unauthenticated',
  });
  const push = client.pushBlob(parseReference(`${registry.domain}/new:1`), config.descriptor, { open: opener(config) });
  await assert.rejects(push, { code: 'unauthenticated' });
});

test('a certificate that nobody vouches for is refused unless the registry is listed as insecure', async () => {
  await using registry = await RealRegistry.start({ tls: true });
  const reference = parseReference(`${registry.domain}/x:1`);
  using strict = makeClient({ hosts: { [registry.domain]: { insecure: false } } });
  await assert.rejects(strict.resolve(reference), { code: 'unavailable', message: /certificate/ });
  using loose = makeClient();
  await pushExample(loose, reference);
  using trusting = makeClient({
    hosts: { [registry.domain]: { insecure: false, tls: { ca: [await readFile(registry.caPath, 'utf8')] } } },
  });
  await trusting.resolve(reference);
});

test('a pull resumes from what is on disk, and mends what is wrong there', async () => {
  await using registry = await RealRegistry.start();
  await using directory = await temporaryDirectory();
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/resume:1`);
  const { layer } = await pushExample(client, reference, {}, 3_000_000);
  const path = join(directory.path, layer.descriptor.digest.replace(':', '-'));
  const wrong = Buffer.from(layer.bytes.subarray(0, 2_000_000));
  wrong[5] = (wrong[5] ?? 0) ^ 1;
  for (const left of [layer.bytes.subarray(0, 2_000_000), wrong, Buffer.alloc(4_000_000), layer.bytes]) {
    await writeFile(`${path}.partial`, left);
    assert.equal(await client.fetchBlob(reference, layer.descriptor, directory.path), path);
    assert.deepEqual(await readFile(path), layer.bytes);
  }
  const abort = new AbortController();
  const { layer: other } = await pushExample(client, reference, {}, 5_000_000);
  const onProgress = (bytes: number): void => {
    if (bytes > 2_000_000) abort.abort();
  };
  const aborted = client.fetchBlob(reference, other.descriptor, directory.path, { signal: abort.signal, onProgress });
  await assert.rejects(aborted, { name: 'AbortError' });
  assert.ok((await readdir(directory.path)).some((name) => name.endsWith('.partial')));
  let first: number | undefined;
  await client.fetchBlob(reference, other.descriptor, directory.path, { onProgress: (bytes) => (first ??= bytes) });
  assert.ok((first ?? 0) > 1_000_000, `went on from ${first}`);
});

test('manifests that name missing blobs are refused by the registry with its reason', async () => {
  await using registry = await RealRegistry.start();
  using client = makeClient();
  const { manifest } = exampleManifest([exampleBlob(10)]);
  const push = client.pushManifest(parseReference(`${registry.domain}/x:1`), manifest.bytes, MEDIA_TYPE.ociManifest);
  await assert.rejects(push, /manifest blob unknown/);
});

test('config.json keeps credentials beside everything else, and credential helpers are asked', async () => {
  await using directory = await temporaryDirectory();
  const config = new DockerConfig(join(directory.path, 'config.json'));
  await writeFile(
    config.path,
    JSON.stringify({ detachKeys: 'ctrl-x', auths: { 'https://index.docker.io/v1/': { auth: 'dTpw' } } }),
  );
  assert.deepEqual(await config.get('docker.io'), {
    username: 'u',
    password: 'p',
    serveraddress: 'https://index.docker.io/v1/',
  });
  await config.set('localhost:5000', { username: 'a', password: 'b:c' });
  assert.equal((await config.get('localhost:5000'))?.password, 'b:c');
  assert.equal(await config.remove('docker.io'), true);
  assert.equal(await config.remove('docker.io'), false);
  const kept = JSON.parse(await readFile(config.path, 'utf8')) as { detachKeys: string; auths: object };
  assert.deepEqual([kept.detachKeys, Object.keys(kept.auths)], ['ctrl-x', ['localhost:5000']]);

  const script = `#!/bin/sh
case "$1" in
get) read s; [ "$s" = known.example ] && echo '{"Username":"<token>","Secret":"t"}' || { echo 'credentials not found in native keychain'; exit 1; };;
list) echo '{"known.example":"<token>"}';;
esac`;
  await writeFile(join(directory.path, 'docker-credential-pouchtest'), script, { mode: 0o755 });
  process.env.PATH = `${directory.path}:${process.env.PATH}`;
  await writeFile(config.path, '{"credsStore":"pouchtest"}');
  assert.deepEqual(await config.get('known.example'), { identitytoken: 't', serveraddress: 'known.example' });
  assert.equal(await config.get('other.example'), undefined);
  assert.deepEqual([...(await config.getAll()).keys()], ['known.example']);
  await writeFile(config.path, '{"credsStore":"../../bin/sh"}');
  await assert.rejects(config.get('x.example'), /invalid credential helper name/);
});
