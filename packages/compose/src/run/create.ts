import { PouchError } from '@pouch/base';
import { pack } from 'tar-stream';
import { createRequest } from '../convert/create-request.ts';
import { containerLabels, LABEL, serviceHash } from '../convert/labels.ts';
import type { InjectedFile } from '../convert/mounts.ts';
import type { Service } from '../project/project.ts';
import { imageOf } from '../project/image-of.ts';
import type { Observed } from './observed.ts';
import type { Session } from './session.ts';

export interface NewContainer {
  readonly name: string;
  readonly number: number;
  readonly imageId: string;
  /** Containers of the project as they are now, for links and shared namespaces. */
  readonly siblings: readonly Observed[];
  /** It takes this one's place: anonymous volumes go over. */
  readonly replaces?: Observed;
  /** Make anonymous volumes anew. */
  readonly renewVolumes?: boolean;
  readonly oneOff?: {
    readonly slug: string;
    readonly publish: boolean;
    readonly aliases: boolean;
    readonly autoRemove: boolean;
  };
}

/** The name of a service's container: its own choice, or project, service and number. */
export function containerName(project: string, service: Service, number: number): string {
  return service.container_name ?? `${project}-${service.name}-${number}`;
}

/** Create a container for a service and put its files in. Returns its id; a failure leaves no container behind. */
export async function createContainer(session: Session, service: Service, container: NewContainer): Promise<string> {
  const { client, project } = session;
  const { oneOff, replaces } = container;
  const labels = containerLabels(project, service, {
    number: container.number,
    oneOff: oneOff !== undefined,
    hash: serviceHash(project, service),
    imageId: container.imageId,
  });
  if (oneOff) labels[LABEL.slug] = oneOff.slug;
  if (replaces) labels[LABEL.replace] = replaces.id;
  const plan = createRequest(project, service, {
    containerName: oneOff ? container.name : containerName(project.name, service, container.number),
    image: imageOf(project, service),
    labels,
    containerOf: (name) => containerOfService(container.siblings, name, service.name),
    links: linksOf(service, container.siblings),
    aliases: oneOff?.aliases ?? true,
    publish: oneOff?.publish ?? true,
    inherited: replaces && !container.renewVolumes ? await anonymousVolumes(session, service, replaces) : new Map(),
  });
  if (oneOff) {
    const { request } = plan;
    if (oneOff.autoRemove) request.HostConfig = { ...request.HostConfig, AutoRemove: true };
    delete request.HostConfig?.RestartPolicy;
    // Our input is its input: when ours ends, its does, and the output goes on.
    request.AttachStdin = service.stdin_open ?? false;
    request.StdinOnce = service.stdin_open ?? false;
  }
  const created = await client.containers.create(plan.request, {
    name: container.name,
    ...(service.platform && { platform: service.platform }),
  });
  for (const warning of created.Warnings ?? []) session.progress.warn(`${container.name}: ${warning}`);
  try {
    await inject(session, created.Id, plan.injected);
  } catch (error) {
    await client.containers.remove(created.Id, { force: true, volumes: true });
    throw error;
  }
  return created.Id;
}

function containerOfService(siblings: readonly Observed[], name: string, asking: string): string {
  const found = siblings.find((one) => one.service === name && !one.oneOff);
  if (found) return found.id;
  throw new PouchError('not-found', `service ${asking} shares something with service ${name}, which has no container`);
}

/** Each link as `container:alias`, for every container of the service that is linked. */
function linksOf(service: Service, siblings: readonly Observed[]): string[] {
  const links = [...(service.external_links ?? [])].map((link) => (link.includes(':') ? link : `${link}:${link}`));
  for (const link of service.links ?? []) {
    const [name = '', alias = name] = link.split(':');
    for (const one of siblings.filter((sibling) => sibling.service === name && !sibling.oneOff)) {
      links.push(`${one.name}:${alias}`, `${one.name}:${one.name}`);
    }
  }
  return [...new Set(links)];
}

/** The volumes without a name of a container, by target: those that its image or its service asked for. */
async function anonymousVolumes(session: Session, service: Service, container: Observed): Promise<Map<string, string>> {
  const named = new Set(
    (service.volumes ?? []).filter(({ type, source }) => type !== 'volume' || source).map(({ target }) => target),
  );
  const { Mounts: mounts } = await session.client.containers.inspect(container.id);
  const found = new Map<string, string>();
  for (const { Type: type, Name: name, Destination: target } of mounts) {
    const anonymous = type === 'volume' && name !== undefined && /^[0-9a-f]{64}$/.test(name);
    if (anonymous && !named.has(target)) found.set(target, name);
  }
  return found;
}

/** Put files into a container that was not started yet. */
async function inject(session: Session, id: string, files: readonly InjectedFile[]): Promise<void> {
  if (files.length === 0) return;
  const tar = pack();
  for (const file of files) {
    const { mode, uid, gid } = file;
    tar.entry({ name: file.path.slice(1), mode, uid, gid, type: 'file', mtime: new Date(0) }, file.content);
  }
  tar.finalize();
  const bytes: Uint8Array[] = [];
  for await (const chunk of tar as unknown as AsyncIterable<Uint8Array>) bytes.push(chunk);
  await session.client.archive.put(id, '/', once(Buffer.concat(bytes)), { copyUidGid: false });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
