export { buildSpec } from './build-spec.ts';
export { buildExecProcess, type ExecProcessContext } from './exec-process.ts';
export type { HostFacts, LimitName } from './host-facts.ts';
export { findInit } from './init.ts';
export { containerOfMode, hasOwnNetwork, isUserNetwork } from './namespace-mode.ts';
export { readHostFacts } from './read-host-facts.ts';
export { buildResources } from './resources.ts';
export { type RootfsReader, RootfsView, type SnapshotMount } from './rootfs-view.ts';
export type { JoinedNamespaces, SandboxPaths, SpecInput } from './spec-input.ts';
