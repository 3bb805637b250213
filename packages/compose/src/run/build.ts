import { PouchError } from '@pouch/base';
import type { BuildOptions } from '@pouch/client';
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
  const dockerfile = context?.dockerfile ?? build.dockerfile;
  const stream = await session.client.builds.build(context?.tar, {
    ...buildOptions(session, service, build, image, overrides),
    ...(dockerfile !== undefined && { dockerfile }),
    ...(remote && build.context !== undefined && { remote: build.context }),
    auths: await session.allCredentials(),
    signal: session.signal,
  });
  let imageId = '';
  let rest = '';
  for await (const message of stream) {
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

function buildOptions(
  session: Session,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): BuildOptions {
  const { project } = session;
  const args: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...build.args, ...overrides.args })) {
    // A name alone takes the value that the variable has here; without one the Dockerfile's default stands.
    const given = value ?? project.variables.get(name);
    if (given !== undefined) args[name] = given;
  }
  const ulimits = Object.entries(build.ulimits ?? {});
  const platform = service.platform ?? build.platforms?.[0];
  if ((build.platforms?.length ?? 0) > 1 && service.platform === undefined) {
    throw new PouchError(
      'unsupported',
      `services.${service.name}.build: the classic builder builds one platform at a time`,
    );
  }
  const noCache = overrides.noCache ?? build.no_cache;
  const pull = overrides.pull ?? build.pull;
  return {
    tags: [withTag(image), ...(build.tags ?? [])],
    buildArgs: args,
    labels: {
      ...Object.fromEntries(Object.entries(build.labels ?? {}).map(([key, value]) => [key, value ?? ''])),
      [LABEL.project]: project.name,
      [LABEL.service]: service.name,
      [LABEL.version]: VERSION,
    },
    extraHosts: extraHostsOf(build.extra_hosts) ?? [],
    ...(noCache !== undefined && { noCache }),
    ...(pull !== undefined && { pull }),
    ...(build.target !== undefined && { target: build.target }),
    ...(build.network !== undefined && { networkMode: build.network }),
    ...(build.cache_from && { cacheFrom: build.cache_from }),
    ...(build.shm_size !== undefined && { shmSize: build.shm_size }),
    ...(overrides.memory !== undefined && { memory: overrides.memory }),
    ...(ulimits.length > 0 && {
      ulimits: ulimits.map(([Name, { soft = 0, hard = soft }]) => ({ Name, Soft: soft, Hard: hard })),
    }),
    ...(platform !== undefined && { platform }),
  };
}

function withTag(image: string): string {
  const { name, tag } = splitReference(image);
  return `${name}:${tag}`;
}
