import type { ImageSummary } from '@pouch/api';
import { parseReference } from '../image/reference.ts';
import { ago, humanSize, listTime, shortenId } from '../output/human.ts';
import type { Row } from '../output/rows.ts';

export const IMAGE_HEADERS = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
};

export function imageTable(digests: boolean): string {
  const columns = ['Repository', 'Tag', ...(digests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'];
  return columns.map((name) => `{{.${name}}}`).join('\t');
}

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const NONE = '<none>';

/** An image as `images` prints it: a row for each of its names. */
export function imageRows(
  image: ImageSummary,
  options: { readonly truncate: boolean; readonly digests: boolean },
): Row[] {
  const created = image.Created * 1000;
  const size = (bytes: number): string => (bytes >= 0 ? humanSize(bytes) : 'N/A');
  return namesOf(image, options.digests).map((name) => ({
    ID: options.truncate ? shortenId(image.Id) : image.Id,
    Repository: name.repository,
    Tag: name.tag,
    Digest: name.digest,
    CreatedSince: image.Created > 0 ? ago(created) : 'N/A',
    CreatedAt: image.Created > 0 ? listTime(created) : 'N/A',
    Size: humanSize(image.Size),
    VirtualSize: humanSize(image.Size),
    SharedSize: size(image.SharedSize),
    UniqueSize: size(image.SharedSize >= 0 ? image.Size - image.SharedSize : -1),
    Containers: image.Containers >= 0 ? String(image.Containers) : 'N/A',
  }));
}

function namesOf(image: ImageSummary, digests: boolean): readonly Name[] {
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>').map(parseReference);
  const byDigest = (image.RepoDigests ?? []).filter((one) => !one.startsWith('<none>@')).map(parseReference);
  const digestOf = (repository: string): string => byDigest.find((one) => one.name === repository)?.digest ?? NONE;
  const names: Name[] = tags.map(({ name, tag }) => ({ repository: name, tag, digest: digestOf(name) }));
  const untagged = byDigest.filter(({ name }) => !tags.some((tag) => tag.name === name));
  if (digests || tags.length === 0) {
    names.push(...untagged.map(({ name, digest }) => ({ repository: name, tag: NONE, digest })));
  }
  return names.length > 0 ? names : [{ repository: NONE, tag: NONE, digest: NONE }];
}
