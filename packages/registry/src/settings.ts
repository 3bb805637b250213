import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { DEFAULT_DOMAIN } from '@pouch/oci';
import type { RegistryCredentials } from './credentials.ts';
import type { TlsSettings } from './http.ts';

export interface MirrorSettings {
  /** `https://mirror.example:5000`, with an optional path in front of `/v2/`. */
  readonly url: string;
  /** For this mirror. Those that a user gave for the registry itself never go to a mirror. */
  readonly credentials?: RegistryCredentials;
}

export interface RegistryHostSettings {
  /** Asked in order before the registry itself, for pulls only. */
  readonly mirrors?: readonly MirrorSettings[];
  readonly insecure?: boolean;
  readonly tls?: TlsSettings;
}

export interface RegistrySettings {
  /** Mirrors of Docker Hub, as `registry-mirrors`. */
  readonly mirrors?: readonly string[];
  /** Hosts (`name:port`, `name`) and networks (`10.0.0.0/8`) that may speak plain HTTP or show any certificate. */
  readonly insecureRegistries?: readonly string[];
  /** By registry domain, as it stands in image references. */
  readonly hosts?: Readonly<Record<string, RegistryHostSettings>>;
  /** Directories laid out like /etc/docker/certs.d: `<host:port>/{*.crt,*.cert,*.key}`. */
  readonly certificateDirectories?: readonly string[];
  readonly timeouts?: Partial<RegistryTimeouts>;
  /** Tries of one request in all, for faults that may pass. */
  readonly attempts?: number;
  /** First pause between tries, in milliseconds; doubles each time. */
  readonly retryDelay?: number;
  readonly userAgent?: string;
}

/** Milliseconds. */
export interface RegistryTimeouts {
  /** Until a response begins. */
  readonly response: number;
  /** Between two pieces of a body. */
  readonly stall: number;
  /** Until an upload or a manifest is confirmed: stores may copy gigabytes first. */
  readonly commit: number;
}

export const DEFAULT_TIMEOUTS: RegistryTimeouts = { response: 30_000, stall: 30_000, commit: 300_000 };
export const DEFAULT_CERTIFICATE_DIRECTORIES: readonly string[] = ['/etc/pouch/certs.d', '/etc/docker/certs.d'];

/** Where Docker Hub's registry and search really are. */
export const DOCKER_HUB_HOST = 'registry-1.docker.io';
export const DOCKER_HUB_INDEX = 'https://index.docker.io';
/** The key of Docker Hub in config.json. */
export const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/** A server address as users and config.json write it, as a reference's domain: `https://index.docker.io/v1/` → `docker.io`. */
export function registryDomain(serverAddress: string): string {
  const host = serverAddress
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '');
  const isHub = host === '' || host === 'index.docker.io' || host === DOCKER_HUB_HOST;
  return isHub ? DEFAULT_DOMAIN : host;
}

/** The list of `insecureRegistries`, with this host's own loopback always on it. */
export class InsecureList {
  readonly #hosts = new Set<string>();
  readonly #networks = new BlockList();

  constructor(entries: readonly string[]) {
    for (const entry of ['127.0.0.0/8', '::1/128', ...entries]) {
      const [address = '', prefix] = entry.split('/');
      const family = isIP(address);
      if (prefix !== undefined && family !== 0 && /^\d{1,3}$/.test(prefix)) {
        this.#networks.addSubnet(address, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
      } else this.#hosts.add(registryDomain(entry).toLowerCase());
    }
  }

  /** Whether the list names the host (`name` or `name:port`), or a network that one of its addresses is in. */
  async has(domain: string): Promise<boolean> {
    const host = domain.toLowerCase();
    const name = hostName(host);
    if (this.#hosts.has(host) || this.#hosts.has(name) || name === 'localhost') return true;
    return (await addressesOf(name)).some((address) =>
      this.#networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
    );
  }
}

function hostName(host: string): string {
  return /^\[([^\]]+)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}

async function addressesOf(name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
