import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePlatform } from './choose-platform.ts';
import { MEDIA_TYPE } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { detectPlatform } from './host-platform.ts';
import { chainIds, parseImageConfig, serialiseImageConfig } from './image-config.ts';
import { parseManifest, parseManifestDocument } from './manifest.ts';
import { formatPlatform, parsePlatform, runnablePlatforms } from './platform.ts';

const digest = digestOf('x');
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const descriptor = { mediaType: MEDIA_TYPE.ociConfig, digest, size: 1 };

test('manifests and indexes are told apart, with and without a media type', () => {
  const image = parseManifestDocument(bytes({ schemaVersion: 2, config: descriptor, layers: [] }));
  assert.equal(image.kind, 'manifest');
  const index = parseManifestDocument(
    bytes({ schemaVersion: 2, mediaType: MEDIA_TYPE.dockerManifestList, manifests: [] }),
  );
  assert.equal(index.kind === 'index' && index.index.mediaType, MEDIA_TYPE.dockerManifestList);
});

test('hostile manifests are refused with the place that is wrong', () => {
  const cases: [RegExp, unknown, string?][] = [
    [/schema 1/, { schemaVersion: 1 }],
    [/schema 1/, { schemaVersion: 2 }, MEDIA_TYPE.dockerSchema1Signed],
    [/schemaVersion must be/, { schemaVersion: '2' }],
    [/neither clearly/, { schemaVersion: 2 }],
    [/neither clearly/, { schemaVersion: 2, config: descriptor, layers: [], manifests: [] }],
    [
      /layers\[0\]\.digest is invalid/,
      { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, digest: 'sha256:../../x' }] },
    ],
    [/layers\[0\]\.size must/, { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, size: -1 }] }],
    [/config\.size must/, { schemaVersion: 2, config: { ...descriptor, size: 1.5 } }],
    [/was served as/, { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: descriptor }, MEDIA_TYPE.ociIndex],
    [/must be an object/, []],
    [/not an image/, { schemaVersion: 2, mediaType: 'text/html' }],
  ];
  for (const [reason, document, type] of cases)
    assert.throws(() => parseManifestDocument(bytes(document), type), reason);
  assert.throws(() => parseManifest(Buffer.from('{')), /not valid JSON/);
  assert.throws(() => parseManifest(Buffer.alloc(5 * 1024 * 1024)), { code: 'too-large' });
});

test('the best platform of an index is chosen', () => {
  const entry = (platform: string, more = {}) => ({
    ...descriptor,
    digest: digestOf(platform),
    platform: parsePlatform(platform),
    ...more,
  });
  const manifests = ['linux/arm/v6', 'linux/amd64', 'linux/amd64/v2', 'linux/arm64', 'linux/arm/v7'].map((name) =>
    entry(name),
  );
  const chosen = (wanted: string, strict = false): string | undefined => {
    const found = choosePlatform(manifests, parsePlatform(wanted), { strict })?.platform;
    return found && formatPlatform(found);
  };
  assert.equal(chosen('linux/amd64/v3'), 'linux/amd64/v2');
  assert.equal(chosen('linux/amd64'), 'linux/amd64');
  assert.equal(chosen('linux/arm64/v8'), 'linux/arm64');
  assert.equal(chosen('linux/arm/v8'), 'linux/arm/v7');
  assert.equal(chosen('linux/arm/v5'), undefined);
  assert.equal(chosen('linux/amd64/v3', true), undefined);
  assert.equal(chosen('windows/amd64'), undefined);
  const attestation = entry('linux/amd64', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } });
  assert.equal(choosePlatform([attestation], parsePlatform('linux/amd64')), undefined);
});

test('platforms are parsed, normalised and refused', () => {
  assert.equal(formatPlatform(parsePlatform('Linux/AARCH64/8')), 'linux/arm64');
  assert.equal(formatPlatform(parsePlatform('linux/armhf')), 'linux/arm/v7');
  assert.equal(formatPlatform(parsePlatform('x86_64')), 'linux/amd64');
  for (const text of ['', 'a/b/c/d', 'linux/', 'no such', 'nonsense'])
    assert.throws(() => parsePlatform(text), /invalid platform/);
  const flags = 'flags\t\t: cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3 avx\n';
  assert.deepEqual(runnablePlatforms(detectPlatform('amd64', flags)), ['linux/amd64/v2', 'linux/amd64', 'linux/386']);
  assert.equal(
    formatPlatform(detectPlatform('arm', 'model name: ARMv6-compatible\nCPU architecture: 7\n')),
    'linux/arm/v6',
  );
});

test('image configs keep what they say, and chain IDs follow the specification', () => {
  const [one, two] = [digestOf('1'), digestOf('2')];
  const config = parseImageConfig(
    bytes({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: 'sh', Env: ['A=b'], Healthcheck: { Test: ['NONE'] }, Volumes: { '/x': {} }, User: null },
      rootfs: { type: 'layers', diff_ids: [one, two] },
      history: [{ created_by: 'x', empty_layer: true }],
    }),
  );
  assert.deepEqual(config.config, {
    Env: ['A=b'],
    Cmd: ['sh'],
    Volumes: { '/x': {} },
    Healthcheck: { Test: ['NONE'] },
  });
  assert.deepEqual(parseImageConfig(serialiseImageConfig(config)), config);
  assert.deepEqual(chainIds([one, two]), [one, digestOf(`${one} ${two}`)]);
  assert.throws(() => parseImageConfig('{"config":{}}'), /no rootfs/);
});
