import type { ContainerInspect } from '@pouch/api';

/** The first version without the short id among an endpoint's aliases. */
const NO_SHORT_ID_ALIAS = 45;
/** The first version that names a snapshotter under `Storage`. */
const STORAGE = 52;
/** Networks without names of their containers. */
const BUILT_IN_NETWORKS = new Set(['bridge', 'default', 'host', 'none']);

/** A container as clients of an older version expect it, but for what the contract's lifespans of fields say. */
export function adaptContainerInspect(container: ContainerInspect, version: number): ContainerInspect {
  return {
    ...container,
    ...(version < STORAGE && container.Storage && { GraphDriver: { Name: container.Driver, Data: null } }),
    NetworkSettings: version < NO_SHORT_ID_ALIAS ? withShortIds(container) : container.NetworkSettings,
  };
}

function withShortIds({ Id, Config, NetworkSettings }: ContainerInspect): ContainerInspect['NetworkSettings'] {
  const names = [Id.slice(0, 12), ...(Config.Hostname ? [Config.Hostname] : [])];
  const networks = Object.entries(NetworkSettings.Networks).map(([name, endpoint]) => {
    if (BUILT_IN_NETWORKS.has(name)) return [name, endpoint];
    return [name, { ...endpoint, Aliases: [...new Set([...(endpoint.Aliases ?? []), ...names])] }];
  });
  return { ...NetworkSettings, Networks: Object.fromEntries(networks) };
}
