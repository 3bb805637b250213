import type { HostConfig, LogConfig } from '@pouch/api';
import { DEFAULT_READONLY_PATHS, DEFAULT_SHM_SIZE, defaultMaskedPaths } from '@pouch/oci';
import { parseSecurityOptions } from '../spec/security-options.ts';
import { containerOfMode } from '../spec/namespace-mode.ts';
import type { PrepareContext } from './context.ts';

type Context = Pick<PrepareContext, 'host' | 'defaults'>;

/**
 * The host configuration with everything decided that the request left open, by Docker's rules. It only fills in; whether
 * the result makes sense is for the validation to say.
 */
export function normaliseHostConfig(request: HostConfig, { host, defaults }: Context): HostConfig {
  const config: HostConfig = structuredClone(request);
  const network = config.NetworkMode;
  if (!network || network === 'default') config.NetworkMode = 'bridge';
  config.IpcMode ||= defaults.ipcMode ?? 'private';
  config.CgroupnsMode ||= defaults.cgroupnsMode ?? (host.cgroupVersion === 2 ? 'private' : 'host');
  if (!config.ShmSize && config.IpcMode !== 'host' && containerOfMode(config.IpcMode) === undefined) {
    config.ShmSize = defaults.shmSize || DEFAULT_SHM_SIZE;
  }
  const { Name: policy, MaximumRetryCount: retries = 0 } = config.RestartPolicy ?? {};
  config.RestartPolicy = { Name: policy || 'no', MaximumRetryCount: retries };
  config.LogConfig = logConfig(config.LogConfig, defaults.logConfig);
  config.Runtime ||= defaults.runtime;
  config.ConsoleSize ??= [0, 0];
  config.PortBindings = filledBindings(config.PortBindings);
  if (host.limits.oomKillDisable) config.OomKillDisable ??= false;
  config.AutoRemove ??= false;
  config.OomKillDisable ??= false;
  config.Privileged ??= false;
  config.ReadonlyRootfs ??= false;
  config.PublishAllPorts ??= false;
  if (config.Init === undefined && defaults.init) config.Init = true;
  normaliseMemory(config);
  mergeUlimits(config, defaults);
  normalisePaths(config);
  return config;
}

/** As Docker shows them: both parts always there. */
function filledBindings(bindings: HostConfig['PortBindings'] = {}): NonNullable<HostConfig['PortBindings']> {
  const entries = Object.entries(bindings).map(([port, list]) => {
    return [port, list.map(({ HostIp = '', HostPort = '' }) => ({ HostIp, HostPort }))] as const;
  });
  return Object.fromEntries(entries);
}

function logConfig(asked: HostConfig['LogConfig'], standard: Context['defaults']['logConfig']): LogConfig {
  if (!asked?.Type) return { Type: standard.Type, Config: { ...standard.Config, ...asked?.Config } };
  const inherited = asked.Type === standard.Type ? standard.Config : {};
  return { Type: asked.Type, Config: { ...inherited, ...asked.Config } };
}

/** With a memory limit and no word on swap, as much swap again is allowed. */
function normaliseMemory(config: HostConfig): void {
  if (config.Memory && !config.MemorySwap) config.MemorySwap = config.Memory * 2;
  if (config.MemorySwappiness === -1) delete config.MemorySwappiness;
  if (config.PidsLimit !== undefined && config.PidsLimit <= 0) delete config.PidsLimit;
}

/** The daemon's ulimits under the container's. */
function mergeUlimits(config: HostConfig, { ulimits }: Context['defaults']): void {
  if (!ulimits?.length) return;
  const named = new Set(config.Ulimits?.map(({ Name }) => Name));
  config.Ulimits = [...(config.Ulimits ?? []), ...ulimits.filter(({ Name }) => !named.has(Name))];
}

function normalisePaths(config: HostConfig): void {
  const { systemPathsUnconfined } = parseSecurityOptions(config.SecurityOpt);
  if (config.Privileged || systemPathsUnconfined) {
    config.MaskedPaths ??= [];
    config.ReadonlyPaths ??= [];
    return;
  }
  config.MaskedPaths ??= [...defaultMaskedPaths()];
  config.ReadonlyPaths ??= [...DEFAULT_READONLY_PATHS];
}
