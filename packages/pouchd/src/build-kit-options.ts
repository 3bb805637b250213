import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostFeature } from '@pouch/api';
import { findExecutable, PouchError } from '@pouch/base';
import type { BuildKitOptions } from '@pouch/engine';
import type { Config } from './config/settings.ts';

type Registries = Awaited<ReturnType<BuildKitOptions['registries']>>;

/** The executable of BuildKit's daemon, or undefined where this host has none. Throws for one that is named and not there. */
export async function findBuildKit(config: Config): Promise<string | undefined> {
  const named = config['buildkit-binary'];
  if (named === 'none') return undefined;
  const found = await findExecutable(named || 'buildkitd');
  if (named !== '' && found === undefined) {
    throw new PouchError('invalid-argument', `buildkit-binary: ${named} is not an executable on this host`);
  }
  return found;
}

/** What this daemon knows of registries, for BuildKit's own pulls and pushes. */
export async function buildKitRegistries(config: Config): Promise<Registries> {
  const hosts = new Map<string, { mirrors?: readonly string[]; insecure?: boolean; certificates?: string }>();
  const about = (host: string, what: object): void => void hosts.set(host, { ...hosts.get(host), ...what });
  for (const directory of ['/etc/docker/certs.d', config['certs-dir']]) {
    for (const host of await readdir(directory).catch(() => [])) about(host, { certificates: join(directory, host) });
  }
  // BuildKit knows registries by name only, not by network.
  for (const host of config['insecure-registries']) if (!host.includes('/')) about(host, { insecure: true });
  const mirrors = config['registry-mirrors'].map((url) => url.replace(/^https?:\/\//, '').replace(/\/+$/, ''));
  if (mirrors.length > 0) about('docker.io', { mirrors });
  for (const url of config['registry-mirrors'].filter((mirror) => mirror.startsWith('http://'))) {
    about(new URL(url).host, { insecure: true });
  }
  return [...hosts].map(([host, what]) => ({ host, ...what }));
}

/** The control group above those of build steps, as BuildKit wants it written. */
export function buildKitCgroupParent(config: Config, driver: string): string {
  const parent = config['cgroup-parent'];
  if (driver === 'systemd') return `${parent || 'system.slice'}:buildkit:`;
  return parent || '/pouch';
}

/** What `info` says of it. */
export function buildKitFeature(binary: string | undefined): HostFeature {
  const missing = 'no buildkitd on the PATH, or switched off: install it, or name it in the setting buildkit-binary';
  return { Name: 'BuildKit', Available: binary !== undefined, Detail: binary ?? missing };
}
