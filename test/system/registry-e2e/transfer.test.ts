import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestHex, MEDIA_TYPE, parsePlatform, parseReference } from '@pouch/oci';
import type { RegistryClient } from '@pouch/registry';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { blobOf, makeClient } from '../registry/fixtures.ts';
import { RealRegistry } from '../registry/real-registry.ts';
import { layerBlob, layerOf, putImage } from './registry-images.ts';
import { ThrottlingProxy } from './throttling-proxy.ts';

const MB = 1_000_000;
/** Bytes of heads, manifests and configurations in one pull. */
const TALK = 100_000;

let registry: RealRegistry;
let mirror: RealRegistry;
let daemon: TestDaemon;
let client: RegistryClient;

before(async () => {
  registry = await RealRegistry.start();
  mirror = await RealRegistry.start();
  client = makeClient();
  daemon = await TestDaemon.start([
    '--registry-mirrors',
    `http://127.0.0.1:1,http://${registry.domain},http://${mirror.domain}`,
    '--bip',
    '10.214.3.1/24',
    '--insecure-registries',
    '10.214.3.0/24',
  ]);
});

after(async () => {
  client[Symbol.dispose]();
  // The registries first: should the daemon not have started, they must not keep this process.
  await registry[Symbol.asyncDispose]();
  await mirror[Symbol.asyncDispose]();
  await daemon[Symbol.asyncDispose]();
});

/** What a pull said; refusals are in it too. */
async function pull(name: string, tag = '1', more = ''): Promise<string> {
  return (await daemon.api('POST', `/images/create?fromImage=${encodeURIComponent(name)}&tag=${tag}${more}`)).text;
}

test('a blob that is corrupted in the registry is refused by name, and nothing of it stays', async () => {
  const layer = layerBlob('corrupted', 3 * MB);
  const name = `${registry.domain}/corrupted`;
  await putImage(client, `${name}:1`, [layer]);
  const hex = digestHex(layer.descriptor.digest);
  const stored = join(registry.directory, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  const bytes = readFileSync(stored);
  bytes[2 * MB] = (bytes[2 * MB] ?? 0) ^ 1;
  writeFileSync(stored, bytes);
  const said = await pull(name);
  assert.match(
    said,
    new RegExp(`blob ${layer.descriptor.digest} of ${name} from registry ${registry.domain} is corrupted`),
  );
  assert.match(said, /push the image again/);
  assert.equal((await daemon.api('GET', `/images/${name}:1/json`)).status, 404);
  const left = readdirSync(join(daemon.directory, 'root'), { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((path) => path.includes(hex)),
    [],
  );
  writeFileSync(stored, layer.bytes);
  assert.match(await pull(name), /Status: Downloaded newer image/);
});

test('two pulls at once of images that share layers fetch each layer once', async () => {
  await using proxy = await ThrottlingProxy.start(registry.port, 40 * MB);
  const [base, shared, one, two] = ['base', 'shared', 'one', 'two'].map((name) => layerBlob(name, 8 * MB));
  assert.ok(base && shared && one && two);
  await putImage(client, `${registry.domain}/one:1`, [base, shared, one]);
  await putImage(client, `${registry.domain}/two:1`, [base, shared, two]);
  const said = await Promise.all([
    pull(`${proxy.domain}/one`),
    pull(`${proxy.domain}/two`),
    pull(`${proxy.domain}/one`),
  ]);
  for (const text of said) assert.match(text, /Status: (Downloaded newer image|Image is up to date)/);
  const layers = [base, shared, one, two].reduce((sum, { bytes }) => sum + bytes.length, 0);
  assert.ok(proxy.received >= layers);
  assert.ok(proxy.received < layers + 3 * TALK, `${proxy.received} bytes for ${layers}`);
});

test('mirrors are asked in turn: one that is down and one without the image are passed by', async () => {
  const layer = layerBlob('mirrored', MB);
  await putImage(client, `${mirror.domain}/library/mirrored:1`, [layer]);
  const said = await pull('mirrored');
  assert.match(said, /Status: Downloaded newer image for mirrored:1/);
  const inspected = (await daemon.ok('GET', '/images/mirrored:1/json')).json as { RepoTags: string[] };
  assert.deepEqual(inspected.RepoTags, ['mirrored:1']);
});

test('what no mirror has is asked of the registry itself, which is named when it cannot be reached', async () => {
  assert.match(await pull('nowhere-to-be-found'), /registry-1\.docker\.io|access denied|not found/);
});

test('a registry without TLS is spoken to only if it is listed as insecure', async () => {
  await putImage(client, `${registry.domain}/plain:1`, [layerBlob('plain', 1000)]);
  // The first container makes the default bridge; then its gateway is an address of this host.
  await daemon.run(['busybox', 'true']);
  await daemon.ok('POST', '/networks/create', { Name: 'other', IPAM: { Config: [{ Subnet: '10.214.4.0/24' }] } });
  await daemon.run(['--network', 'other', 'busybox', 'true']);
  await using listed = await ThrottlingProxy.start(registry.port, 0, '10.214.3.1');
  await using other = await ThrottlingProxy.start(registry.port, 0, '10.214.4.1');
  assert.match(await pull(`10.214.3.1:${listed.port}/plain`), /Status: Downloaded newer image/);
  const refused = await pull(`10.214.4.1:${other.port}/plain`);
  assert.match(refused, /"message":/);
  assert.match(refused, /HTTPS|TLS|insecure/i);
});

test('a push to another repository of the same registry mounts what is there', async () => {
  const layer = layerBlob('mounted', 5 * MB);
  await using proxy = await ThrottlingProxy.start(registry.port);
  const first = `${proxy.domain}/first/app`;
  await putImage(client, `${registry.domain}/first/app:1`, [layer]);
  await pull(first);
  await daemon.ok('POST', `/images/${first}:1/tag?repo=${encodeURIComponent(`${proxy.domain}/second/app`)}&tag=1`);
  const pushed = await daemon.ok('POST', `/images/${proxy.domain}/second/app/push?tag=1`);
  assert.match(pushed.text, /Mounted from first\/app/);
  assert.match(pushed.text, /"aux":\{"Tag":"1","Digest":"sha256:/);
  const reference = parseReference(`${registry.domain}/second/app:1`);
  assert.deepEqual(await client.readBlob(reference, layer.descriptor, 10 * MB), layer.bytes);
});

test('a manifest list gives the platform that is asked for, and this host’s otherwise', async () => {
  const name = `${registry.domain}/multi`;
  const manifests = [];
  for (const architecture of ['amd64', 'arm64']) {
    const manifest = await putImage(client, `${name}:${architecture}`, [layerBlob(architecture, 1000)], architecture);
    manifests.push({ ...manifest, platform: parsePlatform(`linux/${architecture}`) });
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests });
  const reference = parseReference(`${name}:1`);
  await client.pushManifest(reference, blobOf(index, MEDIA_TYPE.ociIndex).bytes, MEDIA_TYPE.ociIndex);
  const architectureOf = async (): Promise<string> =>
    ((await daemon.ok('GET', `/images/${name}:1/json`)).json as { Architecture: string }).Architecture;
  assert.match(await pull(name, '1', '&platform=linux/arm64'), /Status: Downloaded newer image/);
  assert.equal(await architectureOf(), 'arm64');
  assert.match(await pull(name), /Status: Downloaded newer image/);
  assert.equal(await architectureOf(), process.arch === 'arm64' ? 'arm64' : 'amd64');
  assert.match(await pull(name, '1', '&platform=linux/s390x'), /no matching manifest for linux\/s390x/);
});

test('layers that try to leave the snapshot stay inside it or are refused', async () => {
  const outside = join(daemon.directory, 'outside');
  const body = 'x';
  const layers = {
    parent: layerOf({ name: `../../../../../../../..${outside}`, body }),
    absolute: layerOf({ name: outside, body }),
    link: layerOf({ name: 'l', type: '2', link: daemon.directory }, { name: 'l/outside', body }),
    relative: layerOf(
      { name: 'l', type: '2', link: `../../../../../../..${daemon.directory}` },
      { name: 'l/outside', body },
    ),
    hardlink: layerOf({ name: 'passwd', type: '1', link: '../../../../../../../../etc/passwd' }),
    whiteout: layerOf({ name: '../../../../../.wh.pouchd.log', body: '' }),
    twice: layerOf({ name: 'l', type: '2', link: outside }, { name: 'l', body }),
    device: layerOf({ name: 'disk', type: '4', device: [8, 0] }),
  };
  for (const [name, layer] of Object.entries(layers)) {
    const below = layerOf({ name: 'etc/own', body });
    await putImage(client, `${registry.domain}/layers/${name}:1`, [below, layer]);
    const said = await pull(`${registry.domain}/layers/${name}`);
    assert.match(said, /Status: Downloaded newer image|"message":".{10,}"/, name);
    assert.ok(!existsSync(outside), name);
    assert.ok(existsSync(join(daemon.directory, 'pouchd.log')), name);
  }
  assert.equal(readdirSync('/etc').includes('own'), false);
});
