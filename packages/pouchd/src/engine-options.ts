import { join } from 'node:path';
import { parseBytes, PouchError } from '@pouch/base';
import type { CreateDefaults, NetworkOptions } from '@pouch/engine';
import { parseRate } from '@pouch/linux';
import type { RegistrySettings } from '@pouch/registry';
import { isPlainObject } from './config/setting-value.ts';
import type { Config } from './config/settings.ts';

/** The daemon's settings in the words of the engine's rooms. */
export function networkOptions(config: Config): NetworkOptions {
  const pools = addressPools(config);
  return {
    netnsDirectory: join(config.state, 'netns'),
    table: config['network-table'],
    defaultBridge: config.bridge,
    poolSize: config['network-pool'],
    icc: config.icc,
    ipv6: config.ipv6,
    ...(pools.length > 0 && { defaultAddressPools: pools }),
    ...(config.bip && { bip: config.bip }),
    ...(config['fixed-cidr'] && { fixedCidr: config['fixed-cidr'] }),
    ...(config['fixed-cidr-v6'] && { fixedCidrV6: config['fixed-cidr-v6'] }),
    ...(config['net-uplink'] && { uplink: config['net-uplink'] }),
    ...(config['net-uplink-rate'] && { uplinkRate: parseRate(config['net-uplink-rate']).bits }),
    ...(config.mtu > 0 && { mtu: config.mtu }),
    ...(config.ip && config.ip !== '0.0.0.0' && { hostBindingIp: config.ip }),
  };
}

export function addressPools(config: Config): NonNullable<NetworkOptions['defaultAddressPools']> {
  const pools = config['default-address-pools'];
  if (!Array.isArray(pools)) throw poolError();
  return pools.map((pool: unknown) => {
    if (!isPlainObject(pool) || typeof pool.base !== 'string' || !Number.isInteger(pool.size)) throw poolError();
    return { base: pool.base, size: pool.size as number };
  });
}

function poolError(): PouchError {
  return new PouchError(
    'invalid-argument',
    'default-address-pools must be a list such as [{"base": "10.10.0.0/16", "size": 24}]',
  );
}

export function registrySettings(config: Config): RegistrySettings {
  return {
    mirrors: config['registry-mirrors'],
    insecureRegistries: config['insecure-registries'],
    certificateDirectories: [config['certs-dir'], '/etc/docker/certs.d'],
  };
}

export function createDefaults(config: Config, runtime: string): CreateDefaults {
  const cgroupns = config['default-cgroupns-mode'];
  return {
    shmSize: parseBytes(config['default-shm-size']),
    logConfig: { Type: config['log-driver'], Config: config['log-opts'] },
    runtime,
    ipcMode: config['default-ipc-mode'] as 'private' | 'shareable',
    ...(cgroupns && { cgroupnsMode: cgroupns as 'private' | 'host' }),
    init: config.init,
    ulimits: Object.entries(config['default-ulimits']).map(([name, value]) => parseUlimit(name, value)),
    noNewPrivileges: config['no-new-privileges'],
    rich: { rich: config.rich, mode: config['rich-mode'] as 'dumb-init' | 'systemd' | 'sbin-init' },
  };
}

function parseUlimit(name: string, text: string): { Name: string; Soft: number; Hard: number } {
  const [soft, hard = soft] = text.split(':').map(Number);
  if (soft === undefined || hard === undefined || !Number.isInteger(soft) || !Number.isInteger(hard)) {
    throw new PouchError('invalid-argument', `default-ulimits: ${name}=${text}: write NAME=SOFT[:HARD]`);
  }
  return { Name: name, Soft: soft, Hard: hard };
}
