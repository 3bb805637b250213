import { PouchError } from '@pouch/base';
import type { Exporter, SolveRequest } from '@pouch/buildkit';
import { parseReference } from '@pouch/oci';
import { DANGLING_NAME, storedName } from '../image/image-names.ts';

/** What Docker's clients call the daemon's own images; to BuildKit it is `image`, with Docker's ways in its attributes. */
const MOBY = 'moby';

/**
 * Turn exports to the daemon's images into what buildkitd knows: the image exporter, which writes into Pouch's containerd under
 * the names that Pouch uses. Gives those names; undefined when the request has no such export. Throws `invalid-argument` for
 * a name that is none.
 */
export function exportToImages(request: SolveRequest): string[] | undefined {
  const old = { Type: request.ExporterDeprecated, Attrs: request.ExporterAttrsDeprecated };
  const exporters = (request.Exporters.length > 0 ? request.Exporters : [old]).filter(({ Type }) => Type === MOBY);
  if (exporters.length === 0) return undefined;
  const names = exporters.flatMap(adapt);
  request.ExporterDeprecated = old.Type;
  return [...new Set(names)];
}

function adapt(exporter: Exporter): string[] {
  const { Attrs } = exporter;
  const names = imageNames((Attrs['name'] ?? '').split(','));
  exporter.Type = 'image';
  if (names.length > 0) Attrs['name'] = names.join(',');
  else delete Attrs['name'];
  // An image without a name is kept, as one that lost its name is. (The second key is BuildKit's spelling.)
  Attrs['dangling-name-prefix'] ??= DANGLING_NAME;
  Attrs['danging-name-empty-only'] = 'true';
  // Pouch unpacks it itself, beside the rest of the build.
  delete Attrs['unpack'];
  return names;
}

/** Names as they are stored: in full, with a tag, each once. */
export function imageNames(texts: readonly string[]): string[] {
  const names = texts
    .filter((text) => text !== '')
    .map((text) => {
      if (parseReference(text).digest !== undefined) {
        throw new PouchError('invalid-argument', `a build cannot be tagged with a digest: ${text}`);
      }
      return storedName(text);
    });
  return [...new Set(names)];
}
