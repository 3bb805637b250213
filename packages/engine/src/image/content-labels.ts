import {
  type Descriptor,
  type ImageReference,
  isConfigType,
  isIndexType,
  isManifestType,
  type ManifestDocument,
} from '@pouch/oci';

export type Labels = Readonly<Record<string, string>>;

/** What an uncompressed layer hashes to, on the layer's blob: other clients of the store save themselves the work. */
export const UNCOMPRESSED_LABEL = 'containerd.io/uncompressed';
const SOURCE_PREFIX = 'containerd.io/distribution.source.';
const REFERENCE_PREFIX = 'containerd.io/gc.ref.content.';

/**
 * The labels by which containerd's garbage collector finds what a manifest or an index refers to. Members of an index that
 * are not here may be named too: a reference to nothing holds nothing.
 */
export function childLabels(document: ManifestDocument): Labels {
  const labels: Record<string, string> = {};
  const count = { m: 0, l: 0, o: 0 };
  const children =
    document.kind === 'index' ? document.index.manifests : [document.manifest.config, ...document.manifest.layers];
  for (const [index, child] of children.entries()) {
    const isConfig = document.kind === 'manifest' && index === 0;
    labels[REFERENCE_PREFIX + suffixOf(child, isConfig, document.kind === 'manifest', count)] = child.digest;
  }
  return labels;
}

function suffixOf(
  child: Descriptor,
  isConfig: boolean,
  isLayer: boolean,
  count: { m: number; l: number; o: number },
): string {
  if (isConfig || isConfigType(child.mediaType)) return 'config';
  const kind = isManifestType(child.mediaType) || isIndexType(child.mediaType) ? 'm' : isLayer ? 'l' : 'o';
  count[kind] += 1;
  return `${kind}.${count[kind] - 1}`;
}

/** Holds the unpacked file system of an image as long as its config is there. */
export function snapshotLabel(snapshotter: string): string {
  return `containerd.io/gc.ref.snapshot.${snapshotter}`;
}

/** Where a blob came from; a push to the same registry can have it mounted instead of sent. */
export function sourceLabel(reference: ImageReference): Labels {
  return { [SOURCE_PREFIX + reference.domain]: reference.path };
}

/** Repositories on this registry that are known to hold a blob with these labels. */
export function knownSources(labels: Labels, domain: string): string[] {
  return (labels[SOURCE_PREFIX + domain] ?? '').split(',').filter((path) => path !== '');
}

/** The source labels with one more repository; containerd keeps several, comma-separated. */
export function withSource(labels: Labels, reference: ImageReference): Labels {
  const paths = new Set([...knownSources(labels, reference.domain), reference.path]);
  return { [SOURCE_PREFIX + reference.domain]: [...paths].sort().join(',') };
}
