import { isErrorCode, PouchError } from '@pouch/base';
import { hashOf, LABEL, OWN_HASH, VERSION } from '../convert/labels.ts';
import type { ProjectVolume, Service } from '../project/project.ts';
import { all, type Session, step } from './session.ts';

/** Make the volumes of these services that are not there yet. Throws where an external one is missing. */
export async function ensureVolumes(session: Session, services: readonly Service[]): Promise<void> {
  const used = new Set(services.flatMap((service) => (service.volumes ?? []).map(({ source }) => source)));
  const wanted = [...session.project.volumes.values()].filter(({ key }) => used.has(key));
  if (wanted.length === 0) return;
  const known = new Map((await session.client.volumes.list()).Volumes.map((volume) => [volume.Name, volume]));
  await all(
    wanted.map(async (volume) => {
      const existing = known.get(volume.name);
      if (volume.external) {
        if (existing) return;
        throw new PouchError('not-found', `external volume "${volume.name}" not found`);
      }
      if (!existing) return await create(session, volume);
      const labels = existing.Labels ?? {};
      if (labels[LABEL.project] !== session.project.name) {
        session.progress.warn(
          `volume "${volume.name}" already exists but was not created by Docker Compose. Use \`external: true\` to use an existing volume`,
        );
      } else if (labels[OWN_HASH] !== undefined && labels[OWN_HASH] !== definitionHash(volume)) {
        session.progress.warn(
          `volume ${volume.name} was made with other settings than the file has now; remove it to have it made anew (its data goes with it)`,
        );
      }
    }),
  );
}

function definitionHash({ driver, driver_opts: options, name }: ProjectVolume): string {
  return hashOf({ driver, options, name });
}

async function create(session: Session, volume: ProjectVolume): Promise<void> {
  const labels = Object.fromEntries(Object.entries(volume.labels ?? {}).map(([key, value]) => [key, value ?? '']));
  await step(session, `Volume ${volume.name}`, ['Creating', 'Created'], async () => {
    await session.client.volumes.create({
      Name: volume.name,
      ...(volume.driver !== undefined && { Driver: volume.driver }),
      ...(volume.driver_opts && { DriverOpts: { ...volume.driver_opts } }),
      Labels: {
        ...labels,
        [LABEL.project]: session.project.name,
        [LABEL.volume]: volume.key,
        [LABEL.version]: VERSION,
        [OWN_HASH]: definitionHash(volume),
      },
    });
  });
}

/** Remove the volumes that were made for the project; one that others still use stays, with a warning. */
export async function removeVolumes(session: Session): Promise<void> {
  const found = await session.client.volumes.list({ label: [`${LABEL.project}=${session.project.name}`] });
  await all(
    (found.Volumes ?? []).map(async ({ Name: name }) => {
      const id = `Volume ${name}`;
      session.progress.step(id, 'Removing', 'working');
      try {
        await session.client.volumes.remove(name);
        session.progress.step(id, 'Removed', 'done');
      } catch (error) {
        if (isErrorCode(error, 'not-found')) session.progress.step(id, 'Removed', 'done');
        else if (isErrorCode(error, 'conflict')) session.progress.step(id, 'Resource is still in use', 'warning');
        else throw error;
      }
    }),
  );
}
