import type { KeyedMutex, Logger } from '@pouch/base';
import type { ContainerdClient, ExitKeeper } from '@pouch/containerd';
import type { EventBus } from '../../events/event-bus.ts';
import type { Hooks } from '../../hooks/hook-points.ts';
import type { NetworkManager } from '../../network/network-manager.ts';
import type { VolumeService } from '../../volume/volume-service.ts';
import type { ContainerIndex } from '../container-index.ts';
import type { RootQuota } from './root-quota.ts';
import type { TaskRuntime } from './task-runtime.ts';

/** What every step of a container's life has at hand. */
export interface LifecycleContext {
  readonly index: ContainerIndex;
  readonly containerd: ContainerdClient;
  readonly tasks: TaskRuntime;
  readonly networks: NetworkManager;
  readonly volumes: VolumeService;
  readonly rootQuota: RootQuota;
  readonly events: EventBus;
  readonly logger: Logger;
  /** Plugins of the operator's. */
  readonly hooks: Hooks;
  /** Resolves when nobody copies to or from the container's files outside of a run. */
  readonly filesIdle: (containerId: string) => Promise<void>;
  /** Ends of processes that were seen while no containerd ran; undefined when containerd is not ours. */
  readonly keptExits: Pick<ExitKeeper, 'find' | 'forget'> | undefined;
  /** Resolves when every record saved before the call survives the loss of power. */
  readonly flushed: () => Promise<void>;
  /** One operation at a time on one container; the key is its id. */
  readonly mutex: KeyedMutex;
}
