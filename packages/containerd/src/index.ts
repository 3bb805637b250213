export * from './any.ts';
export { type CallOptions, filterValue } from './call.ts';
export * from './client.ts';
export * from './containers.ts';
export * from './content.ts';
export { ContentWriter } from './content-writer.ts';
export * from './diff.ts';
export * from './event-types.ts';
export * from './events.ts';
export * from './images.ts';
export * from './ingest.ts';
export * from './introspection.ts';
export * from './leases.ts';
export * from './metrics.ts';
export * from './namespaces.ts';
export * from './runtime-options.ts';
export * from './snapshots.ts';
export * from './tasks.ts';
export * from './time.ts';
export * from './types.ts';
export * from './version.ts';
export { ExitKeeper, type ExitKeeperOptions } from './shim/exit-keeper.ts';
export { type ContainerdConfig, renderConfig } from './supervisor/config.ts';
export {
  DaemonSupervisor,
  type SupervisedDaemon,
  type SupervisionOptions,
  type SupervisorState,
} from './supervisor/daemon-supervisor.ts';
export { type Launched, type LaunchOptions, launchDaemon } from './supervisor/launch.ts';
export { findDaemon, type ProcessIdentity } from './supervisor/process-identity.ts';
export { ContainerdSupervisor, type SupervisorOptions } from './supervisor/supervisor.ts';
