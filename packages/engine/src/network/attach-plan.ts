import type { EndpointSettings } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Network } from './network.ts';
import type { NetworkRegistry } from './network-registry.ts';
import { checkEndpoint, hasInterface } from './plan-endpoint.ts';
import { expandExposed, wantedPorts } from './port-map.ts';
import type { AttachRequest } from './sandbox.ts';
import type { SandboxOwner } from './sandbox-record.ts';

export interface WantedEndpoint {
  readonly network: Network;
  readonly settings: EndpointSettings;
}

/** Where a container wants to be: in another's namespace, or on networks, the one of its mode first. */
export type AttachPlan =
  | { readonly kind: 'join'; readonly containerId: string }
  | { readonly kind: 'networks'; readonly endpoints: readonly WantedEndpoint[] };

/** Resolve a request's networks and check that they go together. Changes nothing. */
export function planAttach(request: AttachRequest, networks: NetworkRegistry): AttachPlan {
  const mode = request.networkMode === '' ? 'default' : request.networkMode;
  if (mode.startsWith('container:')) return { kind: 'join', containerId: mode.slice('container:'.length) };
  const main = networks.require(mode);
  const settings = new Map<string, EndpointSettings>();
  for (const [name, wanted] of Object.entries(request.endpoints ?? {})) {
    settings.set(networks.require(name).id, wanted ?? {});
  }
  const own = settings.get(main.id) ?? {};
  settings.delete(main.id);
  const mac = own.MacAddress || request.macAddress;
  const first: WantedEndpoint = { network: main, settings: mac ? { ...own, MacAddress: mac } : own };
  const rest = [...settings].map(([id, wanted]) => ({ network: networks.require(id), settings: wanted }));
  const all = [first, ...rest.toSorted((a, b) => (a.network.name < b.network.name ? -1 : 1))];
  const plain = all.find(({ network }) => !hasInterface(network));
  if (plain && all.length > 1) {
    throw new PouchError(
      'invalid-argument',
      plain.network.driver === 'null'
        ? 'container cannot be connected to multiple networks with one of the networks in private (none) mode'
        : 'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  for (const wanted of all) checkEndpoint(wanted.network, wanted.settings);
  return { kind: 'networks', endpoints: all };
}

/** Whether a prepared namespace of the default bridge serves this container. */
export function fitsPool(wanted: WantedEndpoint | undefined): boolean {
  if (wanted?.network.driver !== 'bridge' || wanted.network.predefined !== true) return false;
  const { MacAddress, IPAMConfig } = wanted.settings;
  return !MacAddress && !IPAMConfig?.IPv4Address && !IPAMConfig?.IPv6Address;
}

export function ownerOf(request: AttachRequest): SandboxOwner {
  const exposed = [...new Set((request.exposedPorts ?? []).flatMap(expandExposed))];
  return {
    containerId: request.containerId,
    name: request.name,
    hostname: request.hostname,
    domainname: request.domainname ?? '',
    directory: request.directory,
    exposedPorts: exposed,
    wantedPorts: wantedPorts(request.portBindings, exposed, request.publishAll ?? false),
    dns: request.dns ?? [],
    dnsSearch: request.dnsSearch ?? [],
    dnsOptions: request.dnsOptions ?? [],
    extraHosts: request.extraHosts ?? [],
    links: request.links ?? [],
    ...(request.hidden && { hidden: true as const }),
    ...(request.priority && { priority: request.priority }),
    ...(request.bandwidth && { bandwidth: request.bandwidth }),
  };
}
