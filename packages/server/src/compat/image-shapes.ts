import type { ImageInspect, ImageSummary } from '@pouch/api';

/** The first version in which `Containers` of the list is a count. */
const CONTAINER_COUNTS = 51;
/** The first version whose inspected images name no graph driver where a snapshotter is used. */
const NO_GRAPH_DRIVER = 52;
const NO_NONE_NAMES = 43;

/**
 * An image of the list as clients of this version expect it, but for what the contract's lifespans of fields say. `manifests`
 * is whether they asked for those.
 */
export function adaptImageSummary(summary: ImageSummary, version: number, manifests: boolean): ImageSummary {
  const { Manifests, ...rest } = summary;
  return {
    ...rest,
    ...(version < NO_NONE_NAMES ? noneNames(summary) : names(summary)),
    ...(version < CONTAINER_COUNTS && { Containers: -1 }),
    VirtualSize: summary.Size,
    ...(Manifests && manifests && { Manifests }),
  };
}

/** An image as clients of this version expect it, but for what the contract's lifespans of fields say. */
export function adaptImageInspect(image: ImageInspect, version: number): ImageInspect {
  const { GraphDriver, ...rest } = image;
  return {
    ...rest,
    VirtualSize: image.Size,
    ...(GraphDriver && version < NO_GRAPH_DRIVER && { GraphDriver }),
  };
}

function names({ RepoTags, RepoDigests }: ImageSummary): Pick<ImageSummary, 'RepoTags' | 'RepoDigests'> {
  return { RepoTags: RepoTags ?? [], RepoDigests: RepoDigests ?? [] };
}

/** How an image without a name used to be listed. */
function noneNames({ RepoTags, RepoDigests }: ImageSummary): Pick<ImageSummary, 'RepoTags' | 'RepoDigests'> {
  if (RepoTags?.length || RepoDigests?.length) return { RepoTags, RepoDigests };
  return { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] };
}
