export { BuildKitManager } from './build-kit/build-kit-manager.ts';
export type { BuildKitDependencies, BuildKitOptions } from './build-kit/build-kit-options.ts';
export type {
  BuildKitBuildOutput,
  BuildKitBuildRequest,
  BuildKitPruneRequest,
  BuildKitService,
} from './build-kit/build-kit-service.ts';
export { BuildManager, type BuildManagerDependencies, type BuildManagerOptions } from './build/build-manager.ts';
export type * from './build/build-service.ts';
export { BuildStepError } from './build/build-step-error.ts';
export {
  ContainerRoom,
  type ContainerRoomDependencies,
  type ContainerRoomOptions,
} from './container/container-room.ts';
export * from './container/container-service.ts';
export type { CreateDefaults } from './container/create/index.ts';
export type { CreateEnvironment } from './container/lifecycle/creator.ts';
export type { RuntimeDefinition } from './container/lifecycle/task-runtime.ts';
export { machineFeatures } from './container/machine-features.ts';
export { type HostFacts, findInit, readHostFacts } from './container/spec/index.ts';
export { LOG_DRIVERS, logDriverOptions } from './container/stdio/log-options.ts';
export { EventBus, type EventQuery, type EventType } from './events/event-bus.ts';
export { checkEventFilters, type EventFilters } from './events/event-filters.ts';
export { type Hooks, type HookPoint, NO_HOOKS } from './hooks/hook-points.ts';
export { PluginHooks } from './hooks/plugin-hooks.ts';
export { ImageManager, type ImageManagerDependencies, type ImageManagerOptions } from './image/image-manager.ts';
export type { ContainerImage, ImageService, ImageUser, Progress, PullOptions } from './image/image-service.ts';
export { LinuxNetworkManager } from './network/linux-network-manager.ts';
export type { NetworkDependencies, NetworkOptions } from './network/network-context.ts';
export type { NetworkFilters, NetworkManager } from './network/network-manager.ts';
export type { AttachRequest, Sandbox } from './network/sandbox.ts';
export { TableNetworkStore } from './network/table-network-store.ts';
export { QuotaManager } from './quota/quota-manager.ts';
export type { QuotaService } from './quota/quota-service.ts';
export { Database } from './store/database.ts';
export { RecordTable } from './store/record-table.ts';
export { SystemManager, type SystemOptions } from './system/system-manager.ts';
export type { DiskUsageType, SystemService } from './system/system-service.ts';
export * from './volume/index.ts';
