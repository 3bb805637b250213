import { PouchError } from '@pouch/base';
import type { BuildOptions } from '@pouch/client';
import { isRemoteContext } from '../canonical/paths.ts';
import { extraHostsOf } from '../convert/networking.ts';
import type { Service } from '../project/project.ts';
import type { Build } from '../schema/service-parts.ts';
import { buildContext } from './build-context.ts';
import { buildArgs, buildLabels, type BuildOverrides, buildTags, buildUlimits } from './build-parts.ts';
import { throwReported } from './image-stream.ts';
import type { Session } from './session.ts';

/** Fields of a build that only BuildKit acts on. */
const NEEDS_BUILDKIT = [
  ...(['additional_contexts', 'cache_to', 'entitlements', 'no_cache_filter', 'provenance', 'sbom'] as const),
  ...(['secrets', 'ssh'] as const),
];

/** Build a service's image by the classic builder; its id. Throws `unsupported` for what that builder does not do. */
export async function buildClassic(
  session: Session,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): Promise<string> {
  const kit = NEEDS_BUILDKIT.find((key) => build[key] !== undefined && build[key] !== false);
  if (kit !== undefined) {
    throw new PouchError(
      'unsupported',
      `services.${service.name}.build.${kit} needs BuildKit, which this build has not: install buildkitd on the daemon's host`,
    );
  }
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
  const ulimits = buildUlimits(build);
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
    tags: buildTags(build, image),
    buildArgs: buildArgs(session.project, build, overrides),
    labels: buildLabels(session.project, service, build),
    extraHosts: extraHostsOf(build.extra_hosts) ?? [],
    ...(noCache !== undefined && { noCache }),
    ...(pull !== undefined && { pull }),
    ...(build.target !== undefined && { target: build.target }),
    ...(build.network !== undefined && { networkMode: build.network }),
    ...(build.cache_from && { cacheFrom: build.cache_from }),
    ...(build.shm_size !== undefined && { shmSize: build.shm_size }),
    ...(overrides.memory !== undefined && { memory: overrides.memory }),
    ...(ulimits.length > 0 && { ulimits }),
    ...(platform !== undefined && { platform }),
  };
}
