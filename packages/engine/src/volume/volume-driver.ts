/** A volume as its driver knows it. */
export interface DriverVolume {
  readonly name: string;
  /** Where its content is on the host; '' while the driver does not say. */
  readonly path: string;
  /** RFC 3339. */
  readonly createdAt?: string;
  /** The driver's own words on the state of the volume. */
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * Where volumes live. A driver knows its volumes by itself, across restarts: the manager's records add labels and users.
 * Names are checked by the manager. Every call may be repeated after a crash. Errors: invalid-argument for options the
 * driver does not take, upstream when a plugin answers with an error, unavailable when it does not answer.
 *
 * `volume-driver.testsuite.ts` is what every driver must pass.
 */
export interface VolumeDriver {
  readonly name: string;
  /** `global` when the same volume is seen from every host of a cluster. */
  scope(): Promise<'local' | 'global'>;
  /** Make a volume. One that exists already is no error, and stays as it is. */
  create(name: string, options: Readonly<Record<string, string>>): Promise<void>;
  /** Remove it with its content. `not-found` when there is none; `conflict` while it is mounted. */
  remove(name: string): Promise<void>;
  get(name: string): Promise<DriverVolume | undefined>;
  list(): Promise<DriverVolume[]>;
  /** Make the content reachable on the host for a user (a container) and say where. Idempotent per user. */
  mount(name: string, userId: string): Promise<string>;
  /** The user needs it no longer; with the last one it may go from the host's file system. Idempotent. */
  unmount(name: string, userId: string): Promise<void>;
  /** After a restart of the daemon: this user has it mounted since before. */
  adopt(name: string, userId: string): Promise<void>;
  /** Bytes used; -1 when the driver cannot tell. */
  usage(name: string): Promise<number>;
}
