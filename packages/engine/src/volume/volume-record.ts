/** What is remembered of a volume beside what its driver knows. */
export interface VolumeRecord {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Nobody named it: it goes with its container, and with a prune. */
  readonly anonymous: boolean;
  /** Made for a container that is not on record yet: when none comes to have it, nobody will. */
  readonly claimed?: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly scope: 'local' | 'global';
  /** Containers that have it mounted; written before the driver mounts, and after it has unmounted. */
  readonly users: readonly string[];
  /** An image's content was copied in: never again. */
  readonly populated?: boolean;
  /** An image's directory has given it owner and mode: an empty directory does not do so again. */
  readonly hasOwner?: boolean;
}

/** Docker's mark of a volume that nobody named. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';
