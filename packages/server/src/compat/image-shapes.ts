import type { ImageInspect, ImageSummary } from '@pouch/api';

/** The version that brought, or took away, a field. */
const INSPECT_DESCRIPTOR = 48;
const MANIFESTS = 47;
const NO_VIRTUAL_SIZE = 44;
const NO_NONE_NAMES = 43;

/** An image of the list as clients of this version expect it. `manifests` is whether they asked for those. */
export function adaptImageSummary(summary: ImageSummary, version: number, manifests: boolean): ImageSummary {
  const { Descriptor, Manifests, VirtualSize: _, ...rest } = summary;
  return {
    ...rest,
    ...(version < NO_NONE_NAMES && noneNames(summary)),
    ...(version < NO_VIRTUAL_SIZE && { VirtualSize: summary.Size }),
    ...(Descriptor && version >= INSPECT_DESCRIPTOR && { Descriptor }),
    ...(Manifests && manifests && version >= MANIFESTS && { Manifests }),
  };
}

/** An image as clients of this version expect it. */
export function adaptImageInspect(image: ImageInspect, version: number): ImageInspect {
  const { Descriptor, Manifests, VirtualSize: _, ...rest } = image;
  return {
    ...rest,
    ...(version < NO_VIRTUAL_SIZE && { VirtualSize: image.Size }),
    ...(Descriptor && version >= INSPECT_DESCRIPTOR && { Descriptor }),
    ...(Manifests && version >= INSPECT_DESCRIPTOR && { Manifests }),
  };
}

/** How an image without a name used to be listed. */
function noneNames({ RepoTags, RepoDigests }: ImageSummary): Pick<ImageSummary, 'RepoTags' | 'RepoDigests'> {
  if (RepoTags && RepoTags.length > 0) return { RepoTags, RepoDigests };
  const named = RepoDigests && RepoDigests.length > 0;
  return { RepoTags: ['<none>:<none>'], RepoDigests: named ? RepoDigests : ['<none>@<none>'] };
}
