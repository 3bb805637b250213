import type { Exporter, SolveRequest } from '../generated/buildkit/control.ts';
import type { BuildOutput, BuildRequest } from './build-request.ts';
import { cacheEntry, frontendAttributes } from './frontend-attributes.ts';
import { IMAGES } from './output.ts';

export interface SolveIds {
  readonly ref: string;
  readonly session: string;
}

/** A build in BuildKit's words. `sources` are the attributes that say where files come from. */
export function toSolveRequest(
  request: BuildRequest,
  ids: SolveIds,
  sources: Readonly<Record<string, string>>,
  hostGateway: string | undefined,
): Partial<SolveRequest> {
  const entitlements = new Set(request.entitlements);
  if (request.networkMode === 'host') entitlements.add('network.host');
  return {
    Ref: ids.ref,
    Session: ids.session,
    Frontend: 'dockerfile.v0',
    FrontendAttrs: { ...frontendAttributes(request, hostGateway), ...sources },
    Exporters: exportersOf(request),
    Cache: { Imports: request.cacheFrom.map(cacheEntry), Exports: request.cacheTo.map(cacheEntry) },
    Entitlements: [...entitlements],
  };
}

/** Outputs in their order, by which the session knows where each goes. `cacheonly` is none. */
export function outputsOf({ outputs }: BuildRequest): readonly BuildOutput[] {
  const wanted = outputs.length > 0 ? outputs : [{ type: IMAGES, attributes: {} }];
  return wanted.filter(({ type }) => type !== 'cacheonly');
}

function exportersOf(request: BuildRequest): Exporter[] {
  return outputsOf(request).map(({ type, attributes, target }) => {
    const named = target?.kind !== 'directory' && type !== 'tar' && attributes['name'] === undefined;
    const name = named && request.tags.length > 0 ? { name: request.tags.join(',') } : {};
    return { Type: type, Attrs: { ...name, ...attributes } };
  });
}
