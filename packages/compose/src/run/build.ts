import { PouchError } from '@pouch/base';
import { imageOf } from '../project/image-of.ts';
import type { Project, Service } from '../project/project.ts';
import type { Build } from '../schema/service-parts.ts';
import type { BuildOverrides } from './build-parts.ts';
import type { Session } from './session.ts';

/** Builds under way, by image. */
const running = new WeakMap<Session, Map<string, Promise<string>>>();

/**
 * Build a service's image, after those that it is made from (`additional_contexts` of other services); returns its id. What the
 * steps print is told as output.
 */
export async function buildImage(
  session: Session,
  service: Service,
  image: string,
  overrides: BuildOverrides = {},
): Promise<string> {
  const builds = running.get(session) ?? new Map<string, Promise<string>>();
  running.set(session, builds);
  const known = builds.get(image);
  if (known) return await known;
  const build = buildOnce(session, service, image, overrides);
  builds.set(image, build);
  try {
    return await build;
  } finally {
    builds.delete(image);
  }
}

async function buildOnce(
  session: Session,
  service: Service,
  image: string,
  overrides: BuildOverrides,
): Promise<string> {
  const { build } = service;
  if (!build) throw new PouchError('invalid-argument', `service ${service.name} has no build`);
  for (const other of servicesBefore(session.project, build)) {
    if (other.build) await buildImage(session, other, imageOf(session.project, other), overrides);
  }
  const id = `Image ${image}`;
  session.progress.step(id, 'Building', 'working');
  try {
    const imageId = await session.limit.run(() => run(session, service, build, image, overrides));
    session.progress.step(id, 'Built', 'done');
    return imageId;
  } catch (error) {
    session.progress.step(id, 'Error', 'error', error instanceof Error ? (error.message.split('\n')[0] ?? '') : '');
    throw error;
  }
}

/** Services whose images a build is made from. A circle of them is the file's fault. */
function servicesBefore(project: Project, build: Build, above: readonly string[] = []): Service[] {
  return Object.values(build.additional_contexts ?? {}).flatMap((place) => {
    const name = place.startsWith('service:') ? place.slice('service:'.length) : undefined;
    const service = name === undefined ? undefined : project.services.get(name);
    if (!service?.build || name === undefined) return [];
    if (above.includes(name)) {
      throw new PouchError('invalid-argument', `builds of these services need each other: ${above.join(', ')}`);
    }
    servicesBefore(project, service.build, [...above, name]);
    return [service];
  });
}

/** By BuildKit where the daemon has it, unless the build asks for what only the classic builder does. */
async function run(
  session: Session,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): Promise<string> {
  const { preferredBuilder } = await import('@pouch/builder');
  const hasNamedNetwork = !['default', 'host', 'none'].includes(build.network ?? 'default');
  const isClassic = hasNamedNetwork || overrides.memory !== undefined;
  if (isClassic || (await preferredBuilder(session.client, process.env)) === 'classic') {
    const { buildClassic } = await import('./classic-build.ts');
    return await buildClassic(session, service, build, image, overrides);
  }
  const { buildWithBuildKit } = await import('./kit-build.ts');
  return await buildWithBuildKit(session, service, build, image, overrides);
}
