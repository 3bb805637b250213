import type { MountPoint } from '@pouch/api';

export type MountPropagation = MountPoint['Propagation'];

const PROPAGATIONS: ReadonlySet<string> = new Set(['', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

export function isPropagation(word: string): word is MountPropagation {
  return PROPAGATIONS.has(word);
}
