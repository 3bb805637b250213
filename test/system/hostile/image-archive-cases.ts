import { createHash } from 'node:crypto';
import { type HostileCase, refused } from './hostile-case.ts';
import { tar, type TarEntry } from './tar-bytes.ts';

const TYPE = { 'Content-Type': 'application/x-tar' };
const sha = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');

function load(name: string, body: Buffer, says: RegExp, status = 400): HostileCase {
  return refused(`loaded archive: ${name}`, 'POST /images/load', status, says, body, TYPE);
}

const LAYER = tar({ name: 'file', body: 'content' });

/** An archive as `docker save` writes it, with something wrong. */
function docker(wrong: {
  config?: object | string;
  manifest?: unknown;
  layer?: Buffer;
  entries?: readonly TarEntry[];
}): Buffer {
  const config = JSON.stringify(
    wrong.config ?? {
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha(LAYER)}`] },
    },
  );
  const manifest = wrong.manifest ?? [{ Config: 'config.json', RepoTags: ['hostile:1'], Layers: ['layer.tar'] }];
  return tar(
    { name: 'config.json', body: config },
    { name: 'manifest.json', body: typeof manifest === 'string' ? manifest : JSON.stringify(manifest) },
    ...(wrong.entries ?? [{ name: 'layer.tar', body: wrong.layer ?? LAYER }]),
  );
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** An OCI layout whose index names these documents. */
function layout(descriptors: readonly object[], blobs: readonly (readonly [string, string])[] = []): Buffer {
  return tar(
    { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', body: JSON.stringify({ schemaVersion: 2, manifests: descriptors }) },
    ...blobs.map(([digest, body]) => ({ name: `blobs/sha256/${digest}`, body })),
  );
}

const descriptor = (mediaType: string, hex: string, size: number): object => ({
  mediaType,
  digest: `sha256:${hex}`,
  size,
  annotations: { 'io.containerd.image.name': 'docker.io/library/hostile:1' },
});

const NOT_THERE = 'a'.repeat(64);
const nested = Array.from({ length: 8 }).reduce<{ hex: string; size: number; blobs: [string, string][] }>(
  ({ hex, size, blobs }) => {
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [descriptor(INDEX, hex, size)] });
    return { hex: sha(body), size: body.length, blobs: [...blobs, [sha(body), body]] };
  },
  { hex: NOT_THERE, size: 10, blobs: [] },
);

/** Archives that are no images. */
export const IMAGE_ARCHIVE_CASES: readonly HostileCase[] = [
  load('nothing', Buffer.alloc(0), /archive/i),
  load('no tar', Buffer.from('hello'.repeat(1000)), /archive|tar/i),
  load('an empty tar', Buffer.alloc(10_240), /empty|no image/i),
  load('cut', docker({}).subarray(0, 1700), /archive|tar|end/i),
  load('a root file system', LAYER, /manifest\.json|no image/),
  load('a manifest that is no JSON', docker({ manifest: '[{' }), /manifest\.json.*JSON/),
  load('a manifest that is no list', docker({ manifest: {} }), /manifest\.json.*list/),
  load('a manifest of wrong types', docker({ manifest: [{ Config: 7, RepoTags: 'x', Layers: {} }] }), /manifest\.json/),
  load(
    'a manifest of 100,000 levels',
    docker({ manifest: '['.repeat(100_000) + ']'.repeat(100_000) }),
    /manifest\.json/,
  ),
  load('a manifest of 5 MB', docker({ manifest: ' '.repeat(5_000_000) }), /manifest\.json.*at most/, 413),
  load(
    'a configuration out of the archive',
    docker({ manifest: [{ Config: '../../../etc/passwd', RepoTags: [], Layers: [] }] }),
    /passwd/,
  ),
  load(
    'an absolute configuration',
    docker({ manifest: [{ Config: '/etc/passwd', RepoTags: [], Layers: [] }] }),
    /passwd/,
  ),
  load(
    'a layer out of the archive',
    docker({ manifest: [{ Config: 'config.json', RepoTags: [], Layers: ['../../../etc/passwd'] }] }),
    /passwd/,
  ),
  load(
    'a layer that is a link to the host',
    docker({ entries: [{ name: 'layer.tar', type: '2', link: '/etc/passwd' }] }),
    /layer\.tar/,
  ),
  load(
    'a layer that links out',
    docker({ entries: [{ name: 'layer.tar', type: '2', link: '../../etc/passwd' }] }),
    /layer\.tar/,
  ),
  load(
    'links in a circle',
    docker({
      entries: [
        { name: 'layer.tar', type: '2', link: 'b' },
        { name: 'b', type: '2', link: 'layer.tar' },
      ],
    }),
    /circle/,
  ),
  load('an entry that leads out', docker({ entries: [{ name: '../layer.tar', body: LAYER }] }), /\.\.\/layer\.tar/),
  load('a layer of another digest', docker({ layer: tar({ name: 'other' }) }), /layer\.tar.*digest/),
  load(
    'more layers than the configuration names',
    docker({ config: { rootfs: { type: 'layers', diff_ids: [] } } }),
    /layers/,
  ),
  load('a configuration that is a list', docker({ config: [] }), /config/i),
  load(
    'a configuration with a bad digest',
    docker({ config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: ['sha256:../..'] } } }),
    /digest|diff_id/i,
  ),
  load(
    'a bad name',
    docker({ manifest: [{ Config: 'config.json', RepoTags: ['../X Y'], Layers: ['layer.tar'] }] }),
    /\.\.\/X Y|reference|name/,
  ),
  load(
    'a layer that is no tar',
    (() => {
      const layer = Buffer.from('not a tar '.repeat(100));
      return docker({
        layer,
        config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [`sha256:${sha(layer)}`] } },
      });
    })(),
    /layer sha256:\w+ cannot be unpacked/,
    200,
  ),
  load('an index that names what is not there', layout([descriptor(MANIFEST, NOT_THERE, 10)]), /aaaa/, 404),
  load('an index with a bad digest', layout([{ mediaType: MANIFEST, digest: 'sha256:../../x', size: 1 }]), /digest/),
  load(
    'an index with a size below 0',
    layout([{ mediaType: MANIFEST, digest: `sha256:${NOT_THERE}`, size: -1 }]),
    /size/,
  ),
  load(
    'a document of another digest',
    layout([descriptor(MANIFEST, NOT_THERE, 10)], [[NOT_THERE, 'hello']]),
    /digest|corrupt/i,
  ),
  load('indexes in indexes', layout([descriptor(INDEX, nested.hex, nested.size)], nested.blobs), /no image/, 404),
  load(
    'an index that is no JSON',
    tar({ name: 'oci-layout', body: '{}' }, { name: 'index.json', body: '{' }),
    /index|JSON/,
  ),
];
