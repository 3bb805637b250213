/** What the API versions from 1.52 on brought, with real containers and images. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type {
  AttestationStatement,
  ContainerInspect,
  ContainerSummary,
  ImageInspect,
  NetworkInspect,
  SystemDataUsage,
} from '@pouch/api';
import { exec } from '@pouch/base';
import { TestDaemon } from '../harness/test-daemon.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

async function created(name: string, body: object): Promise<string> {
  const { json } = await daemon.ok('POST', `/containers/create?name=${name}`, { Image: 'busybox', ...body });
  return (json as { Id: string }).Id;
}

async function output(id: string): Promise<string> {
  await daemon.ok('POST', `/containers/${id}/start`);
  await daemon.ok('POST', `/containers/${id}/wait`);
  const { text } = await daemon.ok('GET', `/containers/${id}/logs?stdout=1`);
  return text.replaceAll(/[^\x20-\x7e]/g, '').trim();
}

test('Umask is that of the first process and of execs, and older clients neither set nor see it', async () => {
  const id = await created('umask', { Cmd: ['sh', '-c', 'umask'], HostConfig: { Umask: 0o077 } });
  assert.equal(await output(id), '0077');
  const shown = async (version: string): Promise<ContainerInspect> =>
    (await daemon.ok('GET', `/v${version}/containers/${id}/json`)).json as ContainerInspect;
  assert.equal((await shown('1.56')).HostConfig.Umask, 0o077);
  assert.equal((await shown('1.55')).HostConfig.Umask, undefined);
  const { json } = await daemon.ok('POST', '/v1.55/containers/create', {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'umask'],
    HostConfig: { Umask: 0o077 },
  });
  const old = json as { Id: string; Warnings: string[] };
  assert.equal(await output(old.Id), '0022');
  assert.match(old.Warnings.join(), /HostConfig.Umask is unknown/);
  const { json: without } = await daemon.ok('GET', `/containers/${old.Id}/json`);
  assert.equal('Umask' in (without as ContainerInspect).HostConfig, false);
});

test('containers are found by annotation, and the list shows it', async () => {
  await created('annotated', { HostConfig: { Annotations: { 'org.example.a': 'b' } } });
  const found = async (filter: string): Promise<ContainerSummary[]> => {
    const filters = encodeURIComponent(JSON.stringify({ annotation: [filter] }));
    return (await daemon.ok('GET', `/containers/json?all=1&filters=${filters}`)).json as ContainerSummary[];
  };
  const [container, ...others] = await found('org.example.a=b');
  assert.deepEqual(container?.Names, ['/annotated']);
  assert.deepEqual(container?.HostConfig.Annotations, { 'org.example.a': 'b' });
  assert.equal(container?.ImageManifestDescriptor?.platform?.os, 'linux');
  assert.deepEqual(others, []);
  assert.equal((await found('org.example.a')).length, 1);
  assert.deepEqual(await found('org.example.a=c'), []);
});

test('disk use holds the items among the sums, and beside them for clients that do not ask for them there', async () => {
  const usage = async (query: string): Promise<SystemDataUsage> =>
    (await daemon.ok('GET', `/system/df${query}`)).json as SystemDataUsage;
  const verbose = await usage('?verbose=1');
  assert.equal(verbose.Images, undefined);
  assert.equal(verbose.ImageUsage?.Items?.[0]?.RepoTags?.[0], 'busybox:latest');
  const plain = await usage('');
  assert.equal(plain.ImageUsage?.Items?.length, plain.Images?.length);
  assert.equal(plain.ImageUsage?.TotalCount, plain.Images?.length);
  assert.deepEqual(Object.keys(await usage('?type=volume&verbose=1')), ['VolumeUsage']);
});

test('a network tells how many of its addresses are taken', async () => {
  await daemon.ok('POST', '/networks/create', { Name: 'status', IPAM: { Config: [{ Subnet: '10.213.7.0/29' }] } });
  const network = (await daemon.ok('GET', '/networks/status')).json as NetworkInspect;
  const status = network.Status?.IPAM?.Subnets?.['10.213.7.0/29'];
  assert.ok(status && status.IPsInUse > 0 && status.DynamicIPsAvailable > 0, JSON.stringify(network.Status));
  assert.equal('Status' in ((await daemon.ok('GET', '/v1.51/networks/status')).json as object), false);
});

test('events are told in the form that was asked for', async () => {
  await daemon.ok('POST', '/volumes/create', { Name: 'told' });
  const until = Math.ceil(Date.now() / 1000);
  const url = `/events?since=${until - 60}&until=${until}&filters=${encodeURIComponent('{"volume":["told"]}')}`;
  const sequence = await daemon.api('GET', url, undefined, { Accept: 'application/json-seq' });
  assert.equal(sequence.text.charCodeAt(0), 0x1e);
  assert.equal((JSON.parse(sequence.text.slice(1).split('\n')[0] as string) as { Action: string }).Action, 'create');
});

test('limits of devices are lifted by an empty list, and what a container keeps is refused', async () => {
  const id = await created('updated', { Cmd: ['sleep', '100'], HostConfig: { PidsLimit: 50 } });
  await daemon.ok('POST', `/containers/${id}/start`);
  const update = async (version: string, body: object): Promise<number> =>
    (await daemon.api('POST', `/v${version}/containers/${id}/update`, body)).status;
  assert.equal(await update('1.56', { PidsLimit: 0 }), 200);
  const { json } = await daemon.ok('GET', `/containers/${id}/json`);
  assert.equal((json as ContainerInspect).HostConfig.PidsLimit, -1);
  assert.equal(await update('1.56', { Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 10 }] }), 400);
  assert.equal(await update('1.56', { RestartPolicy: { Name: 'sometimes' } }), 400);
  assert.equal(await update('1.56', { BlkioDeviceReadBps: [] }), 200);
});

test('any upgrade hands the connection over, as with Docker', async () => {
  const id = await created('upgraded', { Cmd: ['sleep', '100'], Tty: true });
  await daemon.ok('POST', `/containers/${id}/start`);
  const socket = connect(daemon.socket);
  socket.write(
    `POST /containers/${id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
  );
  const head = await new Promise<string>((resolve) => socket.once('data', (data: Buffer) => resolve(String(data))));
  assert.match(head, /^HTTP\/1.1 101 UPGRADED\r\n/);
  assert.match(head, /Upgrade: tcp/);
  socket.destroy();
});

/** An OCI layout of one image with an attestation, as BuildKit makes them. */
function attestedArchive(directory: string): { files: string; manifest: string; predicate: string } {
  const blobs = join(directory, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (content: Buffer): { digest: string; size: number } => {
    const hash = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hash), content);
    return { digest: `sha256:${hash}`, size: content.length };
  };
  const json = (value: object): { digest: string; size: number } => put(Buffer.from(JSON.stringify(value)));
  const tar = Buffer.alloc(1024);
  const layer = put(gzipSync(tar));
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
  const OCI = 'application/vnd.oci.image';
  const config = json({ architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } });
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, ...config },
    layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, ...layer }],
  });
  const predicate = 'https://slsa.dev/provenance/v1';
  const statement = json({ _type: 'https://in-toto.io/Statement/v1', predicateType: predicate, predicate: { a: 1 } });
  const empty = json({
    architecture: 'unknown',
    os: 'unknown',
    config: {},
    rootfs: { type: 'layers', diff_ids: [statement.digest] },
  });
  const attestation = json({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, ...empty },
    layers: [
      {
        mediaType: 'application/vnd.in-toto+json',
        ...statement,
        annotations: { 'in-toto.io/predicate-type': predicate },
      },
    ],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      { mediaType: `${OCI}.manifest.v1+json`, ...manifest, platform: { architecture, os: 'linux' } },
      {
        mediaType: `${OCI}.manifest.v1+json`,
        ...attestation,
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: {
          'vnd.docker.reference.digest': manifest.digest,
          'vnd.docker.reference.type': 'attestation-manifest',
        },
      },
    ],
  });
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'io.containerd.image.name': 'docker.io/library/attested:latest' };
  const top = { mediaType: `${OCI}.index.v1+json`, ...index, annotations };
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  return { files: directory, manifest: manifest.digest, predicate };
}

test('the attestations of an image are listed, by type, and read when asked for', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-attested-'));
  try {
    const { predicate } = attestedArchive(join(directory, 'layout'));
    const archive = join(directory, 'image.tar');
    await exec('tar', ['-C', join(directory, 'layout'), '-cf', archive, '.']);
    const type = { 'Content-Type': 'application/x-tar' };
    const loaded = await daemon.api('POST', '/images/load', readFileSync(archive), type);
    assert.doesNotMatch(loaded.text, /errorDetail/);
    const list = async (query: string): Promise<AttestationStatement[]> =>
      (await daemon.ok('GET', `/images/attested/attestations${query}`)).json as AttestationStatement[];
    const [statement, ...more] = await list('');
    assert.equal(statement?.PredicateType, predicate);
    assert.equal(statement?.Descriptor.mediaType, 'application/vnd.in-toto+json');
    assert.equal(statement?.Statement, undefined);
    assert.deepEqual(more, []);
    assert.deepEqual(await list('?type=https://example.org/other'), []);
    const [whole] = await list(`?statement=1&type=${encodeURIComponent(predicate)}`);
    assert.ok(whole);
    assert.deepEqual((whole.Statement as { predicate: object }).predicate, { a: 1 });
    assert.deepEqual((await daemon.ok('GET', '/images/busybox/attestations')).json, []);
    const other = encodeURIComponent('{"os":"linux","architecture":"s390x"}');
    assert.equal((await daemon.api('GET', `/images/attested/attestations?platform=${other}`)).status, 404);
    assert.equal((await daemon.api('GET', '/v1.54/images/attested/attestations')).status, 400);
    const inspected = (await daemon.ok('GET', '/images/attested/json?manifests=1')).json as ImageInspect;
    assert.deepEqual(
      inspected.Manifests?.map(({ Kind }) => Kind),
      ['image', 'attestation'],
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
