import { isErrorCode } from '@pouch/base';
import { LABEL } from '../convert/labels.ts';
import { imageOf } from '../project/image-of.ts';
import { removeNetworks } from './networks.ts';
import { type Observed, observe, orphansOf } from './observed.ts';
import { all, type Session } from './session.ts';
import { dependentsFirst, removeContainer, stopContainer } from './stop.ts';
import { removeVolumes } from './volumes.ts';

export interface DownOptions {
  /** Only these; networks, volumes and images stay then. */
  readonly services: readonly string[];
  readonly volumes: boolean;
  /** `local`: images without a name of their own in the file; `all`: of every service. */
  readonly images?: 'local' | 'all';
  readonly removeOrphans: boolean;
  readonly timeout?: number;
}

/** Stop and remove the project's containers, its networks, and on demand its volumes and images. */
export async function down(session: Session, options: DownOptions): Promise<void> {
  const found = await observe(session.client, session.project.name);
  const orphans = new Set(orphansOf(session.project, found));
  const wanted = found.filter((container) => isWanted(container, orphans, options));
  await dependentsFirst(session, wanted, async (container) => {
    await stopContainer(session, container, options.timeout);
    await removeContainer(session, container, { volumes: options.volumes });
  });
  if (orphans.size > 0 && !options.removeOrphans) {
    session.progress.warn(
      `Found orphan containers (${[...orphans].map(({ name }) => name).join(', ')}) for this project. Remove them with --remove-orphans.`,
    );
  }
  if (options.services.length > 0) return;
  await removeNetworks(session);
  await all([
    ...(options.volumes ? [removeVolumes(session)] : []),
    ...(options.images ? [removeImages(session, options.images, found)] : []),
  ]);
}

function isWanted(container: Observed, orphans: ReadonlySet<Observed>, options: DownOptions): boolean {
  if (options.services.length > 0) return options.services.includes(container.service);
  return options.removeOrphans || !orphans.has(container);
}

async function removeImages(session: Session, which: 'local' | 'all', found: readonly Observed[]): Promise<void> {
  const { project, client } = session;
  const built = await client.images.list({ filters: { label: [`${LABEL.project}=${project.name}`] } });
  const names = new Set<string>();
  for (const service of [...project.services.values(), ...project.disabled.values()]) {
    if (which === 'all' || service.image === undefined) names.add(imageOf(project, service));
  }
  if (which === 'all') for (const { summary } of found) names.add(summary.Image);
  // Built for it under the name that is made up for it, whatever the file says now.
  for (const { RepoTags: tags } of built) {
    for (const tag of tags ?? []) if (tag.startsWith(`${project.name}-`)) names.add(tag.replace(/:latest$/, ''));
  }
  await all(
    [...names].map(async (name) => {
      const id = `Image ${name}`;
      session.progress.step(id, 'Removing', 'working');
      try {
        await client.images.remove(name);
        session.progress.step(id, 'Removed', 'done');
      } catch (error) {
        if (isErrorCode(error, 'not-found')) session.progress.step(id, 'No such image', 'warning');
        else if (isErrorCode(error, 'conflict')) session.progress.step(id, 'Resource is still in use', 'warning');
        else throw error;
      }
    }),
  );
}
