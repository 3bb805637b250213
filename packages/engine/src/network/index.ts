export * from './linux-network-manager.ts';
export type { NetworkDependencies, NetworkOptions } from './network-context.ts';
export type { NetworkEvent, PublishNetworkEvent } from './network-events.ts';
export * from './network-manager.ts';
export * from './network-store.ts';
export * from './sandbox.ts';
