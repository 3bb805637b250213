import type { EndpointSettings } from '@pouch/api';
import type { Logger } from '@pouch/base';
import type {
  BuildKitService,
  BuildService,
  ContainerService,
  EventBus,
  ImageService,
  NetworkManager,
  SystemService,
  VolumeService,
} from '@pouch/engine';

/**
 * Joining and leaving networks, for containers in any state: a running one is connected live, a stopped one keeps the
 * wish for its next start. Errors: not-found (either), conflict (already there), permission-denied, invalid-argument.
 */
export interface ContainerNetworking {
  connectNetwork(network: string, container: string, settings?: EndpointSettings): Promise<void>;
  disconnectNetwork(network: string, container: string, force: boolean): Promise<void>;
}

export type NetworkService = Pick<NetworkManager, 'create' | 'list' | 'inspect' | 'remove' | 'prune'>;

/** What the transport calls. It has no behaviour of its own: each request becomes one or two calls of these. */
export interface ServerDependencies {
  readonly containers: ContainerService & ContainerNetworking;
  readonly images: ImageService;
  /** The engine's own builder. */
  readonly builds: BuildService;
  readonly volumes: VolumeService;
  readonly networks: NetworkService;
  readonly system: SystemService;
  /** What `version=2` builds with, and what buildx speaks to. */
  readonly buildKit: BuildKitService;
  readonly events: Pick<EventBus, 'stream'>;
  readonly logger: Logger;
}
