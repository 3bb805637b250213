import type { DependsOn, ServiceNetwork } from '../schema/service-parts.ts';
import type { FileObjectSpec, NetworkSpec, ServiceSpec, VolumeSpec } from '../schema/service.ts';

/** A service that may be run: what the file says, with what follows from it worked out. */
export interface Service extends ServiceSpec {
  readonly name: string;
  /** Values filled in from env files and the environment. Null: not set at all. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  /** With what links, volumes_from and shared namespaces imply. */
  readonly depends_on: Readonly<Record<string, DependsOn>>;
  /** Empty where network_mode is given. */
  readonly networks: Readonly<Record<string, ServiceNetwork | null>>;
  readonly replicas: number;
}

export interface ProjectNetwork extends NetworkSpec {
  readonly key: string;
  /** As the daemon knows it. */
  readonly name: string;
}

export interface ProjectVolume extends VolumeSpec {
  readonly key: string;
  readonly name: string;
}

/** A secret or config: exactly one of file, environment and content is there. */
export interface ProjectFile extends FileObjectSpec {
  readonly key: string;
}

/** A project as the files, the environment and the profiles make it. */
export interface Project {
  readonly name: string;
  /** Absolute. */
  readonly directory: string;
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  /** Those that the profiles enable, by name. */
  readonly services: ReadonlyMap<string, Service>;
  /** Those that they do not. */
  readonly disabled: ReadonlyMap<string, Service>;
  readonly networks: ReadonlyMap<string, ProjectNetwork>;
  readonly volumes: ReadonlyMap<string, ProjectVolume>;
  readonly secrets: ReadonlyMap<string, ProjectFile>;
  readonly configs: ReadonlyMap<string, ProjectFile>;
  /** What variables are filled in from. */
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}
