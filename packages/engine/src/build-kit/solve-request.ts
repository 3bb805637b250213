import { PouchError } from '@pouch/base';
import type { SolveRequest } from '@pouch/buildkit';
import type { BuildKitBuildRequest } from './build-kit-service.ts';

/** What Docker's older clients call an output that keeps nothing but the cache. */
const CACHE_ONLY = 'cacheonly';

/** A build in BuildKit's words: the built-in Dockerfile frontend, and its attributes. `context` is a URL. */
export function toSolveRequest(
  request: BuildKitBuildRequest,
  ref: string,
  context: string | undefined,
  hostGateway?: string,
): Partial<SolveRequest> {
  const { outputs, buildArgs, session } = request;
  if (outputs.length > 1) throw new PouchError('invalid-argument', 'multiple outputs not supported');
  const [output = { Type: 'moby', Attrs: {} }] = outputs;
  const attributes: Record<string, string> = { ...output.Attrs };
  if ((output.Type === 'moby' || output.Type === 'image') && request.tags.length > 0) {
    attributes['name'] = request.tags.join(',');
  }
  const type = output.Type === 'image' ? 'moby' : output.Type;
  return {
    Ref: ref,
    Frontend: 'dockerfile.v0',
    FrontendAttrs: frontendAttributes(request, context, hostGateway),
    Exporters: output.Type === CACHE_ONLY ? [] : [{ Type: type, Attrs: attributes }],
    Cache: { Imports: [], Exports: isTrue(buildArgs['BUILDKIT_INLINE_CACHE']) ? [{ Type: 'inline', Attrs: {} }] : [] },
    Entitlements: request.networkMode === 'host' ? ['network.host'] : [],
    ...(session !== undefined && { Session: session }),
  };
}

function frontendAttributes(
  request: BuildKitBuildRequest,
  context: string | undefined,
  hostGateway: string | undefined,
): Record<string, string> {
  const { dockerfile, target, platform, networkMode, extraHosts, ulimits } = request;
  const attributes: Record<string, string> = {
    'image-resolve-mode': request.pull ? 'pull' : 'local',
    'cache-from': request.cacheFrom.join(','),
  };
  if (context !== undefined) attributes['context'] = context;
  if (target) attributes['target'] = target;
  if (dockerfile && dockerfile !== '.') attributes['filename'] = dockerfile;
  if (platform) attributes['platform'] = platform;
  if (request.noCache) attributes['no-cache'] = '';
  for (const [name, value] of Object.entries(request.buildArgs)) {
    if (value !== null) attributes[`build-arg:${name}`] = value;
  }
  for (const [name, value] of Object.entries(request.labels)) attributes[`label:${name}`] = value;
  if (networkMode === 'host' || networkMode === 'none') attributes['force-network-mode'] = networkMode;
  else if (networkMode && networkMode !== 'default') {
    throw new PouchError('invalid-argument', `network mode "${networkMode}" not supported by buildkit`);
  }
  if (extraHosts.length > 0) attributes['add-hosts'] = extraHosts.map((host) => hostOf(host, hostGateway)).join(',');
  if (request.shmSize > 0) attributes['shm-size'] = String(request.shmSize);
  if (ulimits.length > 0) attributes['ulimit'] = ulimits.map((u) => `${u.Name}=${u.Soft}:${u.Hard}`).join(',');
  return attributes;
}

/** `name:address`, where the address may hold colons, in BuildKit's form. */
function hostOf(text: string, hostGateway: string | undefined): string {
  const colon = text.indexOf(':');
  const named = text.slice(colon + 1);
  const address = named === 'host-gateway' ? hostGateway : named;
  if (colon < 1 || !address) throw new PouchError('invalid-argument', `invalid host ${text}`);
  return `${text.slice(0, colon)}=${address}`;
}

function isTrue(text: string | null | undefined): boolean {
  return text !== null && text !== undefined && /^(1|t|true)$/i.test(text);
}
