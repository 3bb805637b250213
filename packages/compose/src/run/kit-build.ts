import { isAbsolute, resolve } from 'node:path';
import { PouchError } from '@pouch/base';
import {
  build as buildByBuildKit,
  BuildProgress,
  type BuildRequest,
  type Dockerfile,
  parseCacheEntry,
  parseSsh,
  PlainView,
  type SecretSource,
} from '@pouch/builder';
import { isRemoteContext } from '../canonical/paths.ts';
import { extraHostsOf } from '../convert/networking.ts';
import { imageOf } from '../project/image-of.ts';
import type { Project, Service } from '../project/project.ts';
import type { Build } from '../schema/service-parts.ts';
import { buildArgs, buildLabels, type BuildOverrides, buildTags, buildUlimits } from './build-parts.ts';
import type { Session } from './session.ts';

/** Build a service's image by the daemon's BuildKit; its id. */
export async function buildWithBuildKit(
  session: Session,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): Promise<string> {
  const view = new PlainView((line) => {
    if (line !== '') session.progress.output(`Image ${image}`, line);
  });
  const progress = new BuildProgress(view);
  const { id } = await buildByBuildKit(
    requestOf(session.project, service, build, image, overrides),
    { client: session.client, credentials: session.credentialsOf },
    (status) => progress.update(status),
    session.signal,
  );
  return id ?? (await session.client.images.inspect(image)).Id;
}

function requestOf(
  project: Project,
  service: Service,
  build: Build,
  image: string,
  overrides: BuildOverrides,
): BuildRequest {
  const { context = '.' } = build;
  const isRemote = isRemoteContext(context);
  const platforms = service.platform === undefined ? (build.platforms ?? []) : [service.platform];
  return {
    context: isRemote ? { kind: 'remote', url: context } : { kind: 'directory', path: context },
    dockerfile: dockerfileOf(build, isRemote ? undefined : context),
    tags: buildTags(build, image),
    buildArgs: buildArgs(project, build, overrides),
    labels: buildLabels(project, service, build),
    target: build.target,
    noCache: overrides.noCache ?? build.no_cache ?? false,
    noCacheFilter: build.no_cache_filter,
    pull: overrides.pull ?? build.pull ?? false,
    platforms,
    networkMode: build.network,
    extraHosts: extraHostsOf(build.extra_hosts) ?? [],
    shmSize: build.shm_size ?? 0,
    ulimits: buildUlimits(build),
    cacheFrom: (build.cache_from ?? []).map((text) => parseCacheEntry(text, 'cache-from')),
    cacheTo: (build.cache_to ?? []).map((text) => parseCacheEntry(text, 'cache-to')),
    outputs: [],
    secrets: secretsOf(project, service, build),
    agents: agentsOf({ ...build.ssh, ...overrides.ssh }),
    namedContexts: contextsOf(project, service, build),
    attestations: attestationsOf(build),
    entitlements: build.entitlements,
  };
}

function dockerfileOf({ dockerfile, dockerfile_inline: text }: Build, directory: string | undefined): Dockerfile {
  if (text !== undefined) return { kind: 'text', text };
  if (dockerfile === undefined) return { kind: 'default' };
  if (directory === undefined || isAbsolute(dockerfile)) return { kind: 'path', path: dockerfile };
  return { kind: 'path', path: resolve(directory, dockerfile) };
}

/** Images of other services have been built before. */
function contextsOf(project: Project, service: Service, build: Build): Record<string, string> {
  const entries = Object.entries(build.additional_contexts ?? {}).map(([name, place]): [string, string] => {
    if (!place.startsWith('service:')) return [name, place];
    const other = project.services.get(place.slice('service:'.length));
    if (!other) {
      throw new PouchError(
        'not-found',
        `services.${service.name}.build.additional_contexts.${name}: there is no ${place}`,
      );
    }
    return [name, `docker-image://${imageOf(project, other)}`];
  });
  return Object.fromEntries(entries);
}

function secretsOf(project: Project, service: Service, build: Build): Map<string, SecretSource> {
  const secrets = new Map<string, SecretSource>();
  for (const { source = '', target } of build.secrets ?? []) {
    const definition = project.secrets.get(source);
    if (!definition) {
      throw new PouchError('not-found', `services.${service.name}.build.secrets: there is no secret ${source}`);
    }
    const { file, content, environment } = definition;
    const value = content ?? project.variables.get(environment ?? '') ?? '';
    secrets.set(target ?? source, file === undefined ? { kind: 'value', value } : { kind: 'file', path: file });
  }
  return secrets;
}

function agentsOf(ssh: Readonly<Record<string, string | null>>): Map<string, string> {
  return new Map(Object.entries(ssh).map(([id, path]) => parseSsh(path === null ? id : `${id}=${path}`, process.env)));
}

function attestationsOf({ provenance, sbom }: Build): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [type, value] of Object.entries({ provenance, sbom })) {
    if (value === undefined || value === false || value === 'false') continue;
    found[type] = value === true || value === 'true' ? '' : value;
  }
  return found;
}
