import { randomBytes } from 'node:crypto';
import { PouchError } from '@pouch/base';
import { withDependencies } from '../project/dependencies.ts';
import type { Service } from '../project/project.ts';
import { createContainer } from './create.ts';
import { imageOf } from '../project/image-of.ts';
import { ensureImages, type ImageOptions } from './images.ts';
import { ensureNetworks } from './networks.ts';
import { observe } from './observed.ts';
import { all, type Session } from './session.ts';
import { startServices, up } from './up.ts';
import { ensureVolumes } from './volumes.ts';

export interface RunOptions {
  readonly service: string;
  /** What differs from the service. */
  readonly change: (service: Service) => Service;
  readonly images: ImageOptions;
  readonly name?: string;
  readonly dependencies: boolean;
  readonly publish: boolean;
  readonly aliases: boolean;
  readonly autoRemove: boolean;
  readonly removeOrphans: boolean;
}

/** Create the container of `run`: one more of the service, with what it depends on running. Returns it, not started. */
export async function createOneOff(
  session: Session,
  options: RunOptions,
): Promise<{ readonly id: string; readonly name: string }> {
  const { project } = session;
  const original = project.services.get(options.service);
  if (!original) throw new PouchError('not-found', `no such service: ${options.service}`);
  const service = options.change(original);
  const others = [...withDependencies(project.services, [service.name])].filter((name) => name !== service.name);
  if (options.dependencies && others.length > 0) {
    await up(session, {
      services: others,
      images: { ...options.images, build: false },
      recreate: 'changed',
      dependencies: true,
      scale: new Map(),
      removeOrphans: options.removeOrphans,
      ignoreOrphans: true,
      renewVolumes: false,
      start: true,
    });
  }
  const images = await ensureImages(session, [service], options.images);
  await all([ensureNetworks(session, [service]), ensureVolumes(session, [service])]);
  const siblings = await observe(session.client, project.name);
  if (options.dependencies) {
    // Its own conditions too: the service itself is not among the containers, so nothing of it is started.
    const waiting = new Map([...project.services].filter(([name]) => others.includes(name)));
    await startServices(
      { ...session, project: { ...project, services: waiting } },
      [{ ...service, name: '' }],
      siblings,
    );
  }
  const slug = randomBytes(32).toString('hex');
  const name = options.name ?? `${project.name}-${service.name}-run-${slug.slice(0, 12)}`;
  const id = await createContainer(session, service, {
    name,
    number: 1,
    imageId: images.get(imageOf(project, service)) ?? '',
    siblings,
    oneOff: { slug, publish: options.publish, aliases: options.aliases, autoRemove: options.autoRemove },
  });
  return { id, name };
}
