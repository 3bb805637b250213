import type { Ulimit } from '@pouch/api';
import { LABEL, VERSION } from '../convert/labels.ts';
import type { Project, Service } from '../project/project.ts';
import type { Build } from '../schema/service-parts.ts';
import { splitReference } from './image-stream.ts';

export interface BuildOverrides {
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly args?: Readonly<Record<string, string | null>>;
  /** Bytes for each step, to which only the classic builder keeps. */
  readonly memory?: number;
  /** SSH agents beside the build's own: sockets by id, or null for the user's. */
  readonly ssh?: Readonly<Record<string, string | null>>;
}

/** A name alone takes the value that the variable has here; without one the Dockerfile's default stands. */
export function buildArgs(project: Project, build: Build, { args }: BuildOverrides): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...build.args, ...args })) {
    const given = value ?? project.variables.get(name);
    if (given !== undefined) found[name] = given;
  }
  return found;
}

export function buildLabels(project: Project, service: Service, build: Build): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(build.labels ?? {}).map(([key, value]) => [key, value ?? ''])),
    [LABEL.project]: project.name,
    [LABEL.service]: service.name,
    [LABEL.version]: VERSION,
  };
}

export function buildTags(build: Build, image: string): string[] {
  const { name, tag } = splitReference(image);
  return [`${name}:${tag}`, ...(build.tags ?? [])];
}

export function buildUlimits(build: Build): Ulimit[] {
  return Object.entries(build.ulimits ?? {}).map(([Name, { soft = 0, hard = soft }]) => ({
    Name,
    Soft: soft,
    Hard: hard,
  }));
}
