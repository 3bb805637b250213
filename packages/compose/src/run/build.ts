import type { JSONMessage } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { jsonLines } from '@pouch/client';
import { isRemoteContext } from '../canonical/paths.ts';
import { LABEL, VERSION } from '../convert/labels.ts';
import { extraHostsOf } from '../convert/networking.ts';
import type { Service } from '../project/project.ts';
import type { Build } from '../schema/service-parts.ts';
import { buildContext } from './build-context.ts';
import { splitReference, throwReported } from './image-stream.ts';
import type { Session } from './session.ts';

export interface BuildOverrides {
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly args?: Readonly<Record<string, string | null>>;
  readonly memory?: number;
}

/** Build a service's image by the daemon's builder; returns its id. What the steps print is told as output. */
export async function buildImage(
  session: Session,
  service: Service,
  image: string,
  overrides: BuildOverrides = {},
): Promise<string> {
  const { build } = service;
  if (!build) throw new PouchError('invalid-argument', `service ${service.name} has no build`);
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

async function run(
  session: Session,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): Promise<string> {
  const remote = build.context !== undefined && isRemoteContext(build.context);
  if (remote && build.dockerfile_inline !== undefined) {
    throw new PouchError('unsupported', `services.${service.name}.build: dockerfile_inline needs a context of files`);
  }
  const context = remote ? undefined : await buildContext(service.name, build);
  const response = await session.client.transport.request({
    method: 'POST',
    path: '/build',
    query: {
      ...buildQuery(session, service, build, image, overrides),
      dockerfile: context?.dockerfile ?? build.dockerfile,
      ...(remote && { remote: build.context }),
    },
    ...(context && { body: context.tar, contentType: 'application/x-tar' }),
    headers: await registryConfig(session, service),
    signal: session.signal,
  });
  let imageId = '';
  let rest = '';
  for await (const message of jsonLines<JSONMessage>(response.body)) {
    throwReported(message);
    const aux = message.aux as { readonly ID?: string } | undefined;
    if (aux?.ID) imageId = aux.ID;
    rest +=
      message.stream ??
      (message.status === undefined ? '' : `${message.id ? `${message.id}: ` : ''}${message.status}\n`);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      if (line.trim() !== '') session.progress.output(`Image ${image}`, line.replace(/\r$/, ''));
  }
  return imageId || (await session.client.images.inspect(image)).Id;
}

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

function buildQuery(session: Session, service: Service, build: Build, image: string, overrides: BuildOverrides): Query {
  const { project } = session;
  const args: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...build.args, ...overrides.args })) {
    // A name alone takes the value that the variable has here; without one the Dockerfile's default stands.
    const given = value ?? project.variables.get(name);
    if (given !== undefined) args[name] = given;
  }
  const labels = {
    ...Object.fromEntries(Object.entries(build.labels ?? {}).map(([key, value]) => [key, value ?? ''])),
    [LABEL.project]: project.name,
    [LABEL.service]: service.name,
    [LABEL.version]: VERSION,
  };
  const ulimits = Object.entries(build.ulimits ?? {}).map(([Name, { soft = 0, hard = soft }]) => ({
    Name,
    Soft: soft,
    Hard: hard,
  }));
  const platform = service.platform ?? build.platforms?.[0];
  if ((build.platforms?.length ?? 0) > 1 && service.platform === undefined) {
    throw new PouchError(
      'unsupported',
      `services.${service.name}.build: the classic builder builds one platform at a time`,
    );
  }
  const hosts = extraHostsOf(build.extra_hosts) ?? [];
  return {
    t: [withTag(image), ...(build.tags ?? [])],
    rm: true,
    buildargs: JSON.stringify(args),
    labels: JSON.stringify(labels),
    nocache: overrides.noCache ?? build.no_cache,
    pull: (overrides.pull ?? build.pull) ? '1' : undefined,
    target: build.target,
    networkmode: build.network,
    cachefrom: build.cache_from && JSON.stringify(build.cache_from),
    extrahosts: hosts.length > 0 ? hosts.join(',') : undefined,
    shmsize: build.shm_size,
    memory: overrides.memory,
    ulimits: ulimits.length > 0 ? JSON.stringify(ulimits) : undefined,
    platform,
  };
}

function withTag(image: string): string {
  const { name, tag } = splitReference(image);
  return `${name}:${tag}`;
}

/** The credentials for the registry of the service's own image: what the Dockerfile names is the daemon's to find. */
async function registryConfig(session: Session, service: Service): Promise<Record<string, string>> {
  const auth = service.image === undefined ? undefined : await session.credentials(service.image);
  if (!auth?.serveraddress) return {};
  const config = { [auth.serveraddress]: auth };
  return { 'X-Registry-Config': Buffer.from(JSON.stringify(config)).toString('base64url') };
}
