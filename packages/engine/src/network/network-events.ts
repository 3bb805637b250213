import type { Network } from './network.ts';

/** What happened to a network, in the shape of Docker's events. */
export interface NetworkEvent {
  readonly Type: 'network';
  readonly Action: 'create' | 'connect' | 'disconnect' | 'destroy';
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

export type PublishNetworkEvent = (event: NetworkEvent) => void;

export function networkEvent(action: NetworkEvent['Action'], network: Network, containerId?: string): NetworkEvent {
  const container = containerId === undefined ? {} : { container: containerId };
  return {
    Type: 'network',
    Action: action,
    Actor: { ID: network.id, Attributes: { name: network.name, type: network.driver, ...container } },
  };
}
