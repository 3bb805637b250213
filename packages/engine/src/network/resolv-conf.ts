import { readTextIfExists } from '@pouch/base';
import { parseIp } from './ip-address.ts';

/** The parts of a resolv.conf(5). */
export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** Google's, as Docker: for a host that names only loopback servers, which a container cannot reach. */
const PUBLIC_SERVERS = ['8.8.8.8', '8.8.4.4'];
const RESOLVED_CONF = '/run/systemd/resolve/resolv.conf';

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  for (const raw of text.split('\n')) {
    const [keyword, ...values] = raw
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    else if (keyword === 'search' || keyword === 'domain') search = values;
    else if (keyword === 'options') options.push(...values);
  }
  return { nameservers, search, options };
}

export function formatResolvConf(conf: ResolvConf): string {
  const lines = ['# Written by pouchd; changes here are lost when the container starts again.'];
  for (const server of conf.nameservers) lines.push(`nameserver ${server}`);
  if (conf.search.length > 0) lines.push(`search ${conf.search.join(' ')}`);
  if (conf.options.length > 0) lines.push(`options ${conf.options.join(' ')}`);
  return `${lines.join('\n')}\n`;
}

/** The host's configuration. Where it names nothing but systemd-resolved's stub, what stands behind that. */
export async function readHostResolvConf(path = '/etc/resolv.conf'): Promise<ResolvConf> {
  const conf = parseResolvConf((await readTextIfExists(path)) ?? '');
  if (conf.nameservers.length === 1 && conf.nameservers[0] === '127.0.0.53') {
    const real = await readTextIfExists(RESOLVED_CONF);
    if (real !== undefined) return { ...parseResolvConf(real), options: conf.options };
  }
  return conf;
}

export interface ContainerDns {
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
}

/**
 * What a container's resolv.conf says. `server`: the address of our own DNS, which then does the rest; else the user's
 * servers, else the host's without those on loopback (`keepLoopback` in host mode, where they can be reached).
 */
export function containerResolvConf(
  host: ResolvConf,
  wanted: ContainerDns,
  options: { readonly server?: string | undefined; readonly keepLoopback?: boolean } = {},
): ResolvConf {
  // A search list of just `.` means none (docker run --dns-search .).
  const search = wanted.dnsSearch.length > 0 ? wanted.dnsSearch.filter((domain) => domain !== '.') : host.search;
  const chosen = wanted.dnsOptions.length > 0 ? wanted.dnsOptions : host.options;
  if (options.server !== undefined) {
    const ndots = chosen.some((option) => option.startsWith('ndots:')) ? [] : ['ndots:0'];
    return { nameservers: [options.server], search, options: [...chosen, ...ndots] };
  }
  if (wanted.dns.length > 0) return { nameservers: wanted.dns, search, options: chosen };
  const usable = options.keepLoopback ? host.nameservers : host.nameservers.filter((server) => !isLoopback(server));
  return { nameservers: usable.length > 0 || options.keepLoopback ? usable : PUBLIC_SERVERS, search, options: chosen };
}

function isLoopback(server: string): boolean {
  const address = parseIp(server.split('%')[0] ?? '');
  if (!address) return true;
  return address.family === 4 ? address.value >> 24n === 127n : address.value === 1n;
}
