import { bool, int, list, nullable, object, type Static, str, uint } from '../schema/type.ts';

export const ImageHistoryItem = object('ImageHistoryItem', {
  Id: str('<missing> for a layer that no image here is.'),
  Created: int('Seconds since the epoch.'),
  CreatedBy: str(),
  Tags: nullable(list(str())),
  Size: int('Bytes.'),
  Comment: str(),
});
export type ImageHistoryItem = Static<typeof ImageHistoryItem>;

/** Either a name that was removed or an image that was. */
export const ImageDeleteItem = object('ImageDeleteItem', {}, { Untagged: str(), Deleted: str() });
export type ImageDeleteItem = Static<typeof ImageDeleteItem>;

export const ImageSearchResult = object(
  'ImageSearchResult',
  { name: str(), description: str(), star_count: int(), is_official: bool() },
  { is_automated: bool() },
);
export type ImageSearchResult = Static<typeof ImageSearchResult>;

export const ImagePruneResponse = object('ImagePruneResponse', {
  ImagesDeleted: nullable(list(ImageDeleteItem)),
  SpaceReclaimed: uint(),
});
export type ImagePruneResponse = Static<typeof ImagePruneResponse>;

export const ImageIdResponse = object('ImageIdResponse', { Id: str() });
export type ImageIdResponse = Static<typeof ImageIdResponse>;

export const BuildPruneResponse = object('BuildPruneResponse', {
  CachesDeleted: nullable(list(str())),
  SpaceReclaimed: uint(),
});
export type BuildPruneResponse = Static<typeof BuildPruneResponse>;
