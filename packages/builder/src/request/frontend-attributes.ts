import { PouchError } from '@pouch/base';
import type { BuildRequest } from './build-request.ts';
import type { CacheEntry } from './cache.ts';

/** Attributes of the Dockerfile frontend, save those that say where files come from. `hostGateway` is the host's address. */
export function frontendAttributes(request: BuildRequest, hostGateway: string | undefined): Record<string, string> {
  const attributes: Record<string, string> = { 'image-resolve-mode': request.pull ? 'pull' : 'local' };
  if (request.target) attributes['target'] = request.target;
  if (request.platforms.length > 0) attributes['platform'] = request.platforms.join(',');
  if (request.noCache) attributes['no-cache'] = '';
  else if (request.noCacheFilter?.length) attributes['no-cache'] = request.noCacheFilter.join(',');
  for (const [name, value] of Object.entries(request.buildArgs)) attributes[`build-arg:${name}`] = value;
  for (const [name, value] of Object.entries(request.labels)) attributes[`label:${name}`] = value;
  for (const [type, value] of Object.entries(request.attestations ?? {})) attributes[`attest:${type}`] = value;
  if (request.extraHosts.length > 0) {
    attributes['add-hosts'] = request.extraHosts.map((host) => hostOf(host, hostGateway)).join(',');
  }
  if (request.shmSize > 0) attributes['shm-size'] = String(request.shmSize);
  if (request.ulimits.length > 0) {
    attributes['ulimit'] = request.ulimits.map(({ Name, Soft, Hard }) => `${Name}=${Soft}:${Hard}`).join(',');
  }
  if (request.cgroupParent) attributes['cgroup-parent'] = request.cgroupParent;
  if (request.cacheFrom.length > 0) attributes['cache-imports'] = JSON.stringify(request.cacheFrom.map(cacheEntry));
  const { networkMode = '' } = request;
  if (networkMode === 'host' || networkMode === 'none') attributes['force-network-mode'] = networkMode;
  else if (networkMode !== '' && networkMode !== 'default') {
    throw new PouchError(
      'invalid-argument',
      `network mode "${networkMode}" not supported by buildkit: steps are on the network default, host or none`,
    );
  }
  return attributes;
}

/** In BuildKit's words. */
export function cacheEntry({ type, attributes }: CacheEntry): { Type: string; Attrs: Record<string, string> } {
  return { Type: type, Attrs: { ...attributes } };
}

/** `name:address` or `name=address`, where the address may hold colons, in BuildKit's form. */
function hostOf(text: string, hostGateway: string | undefined): string {
  const at = text.search(/[:=]/);
  const named = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  const address = named === 'host-gateway' ? hostGateway : named;
  if (at < 1 || !address) throw new PouchError('invalid-argument', `invalid host ${text}`);
  return `${text.slice(0, at)}=${address}`;
}

export function needsHostGateway(request: BuildRequest): boolean {
  return request.extraHosts.some((host) => /[:=]host-gateway$/.test(host));
}
