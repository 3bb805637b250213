export type { CreateDefaults, KnownContainer, PrepareContext, PreparedContainer } from './context.ts';
export { prepareContainer, validateContainerName } from './prepare-container.ts';
export { bandwidthOf, validateBandwidth, validatePriority } from './bandwidth.ts';
export { parseDiskQuota } from './disk-quota.ts';
export { mergeConfig, mergeEnv } from './merge-config.ts';
export { parseSignal } from './signals.ts';
export { validateRestartPolicy } from './validate-host-config.ts';
export { validateConfig } from './validate-config.ts';
export { validateResources } from './validate-resources.ts';
