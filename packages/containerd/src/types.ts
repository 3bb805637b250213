import { PouchError } from '@pouch/base';
import type { Descriptor as ProtoDescriptor, Mount as ProtoMount } from './generated/containerd/types/common.ts';

/** What mount(2) needs, as a snapshotter hands it out. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  /** A path below the mount point; empty or absent for the mount point itself. */
  readonly target?: string;
  readonly options: readonly string[];
}

/** An OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;

export function toMount(mount: ProtoMount): Mount {
  const { type, source, target, options } = mount;
  return target === '' ? { type, source, options } : { type, source, target, options };
}

export function fromMount(mount: Mount): ProtoMount {
  return { type: mount.type, source: mount.source, target: mount.target ?? '', options: [...mount.options] };
}

export function toDescriptor(descriptor: ProtoDescriptor | undefined): Descriptor {
  const { mediaType, digest, size, annotations } = present(descriptor, 'descriptor');
  const plain = { mediaType, digest, size: Number(size) };
  return Object.keys(annotations).length > 0 ? { ...plain, annotations } : plain;
}

export function fromDescriptor(descriptor: Descriptor): ProtoDescriptor {
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: BigInt(descriptor.size),
    annotations: { ...descriptor.annotations },
  };
}

/** The value that an answer must hold; `upstream` where it does not. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new PouchError('upstream', `containerd's answer lacks its ${what}.`);
  return value;
}
