import { PouchError } from '@pouch/base';
import { formatIp, parseIp } from './ip-address.ts';

export interface HostsEntry {
  readonly address: string;
  readonly names: readonly string[];
}

const LOCAL: readonly HostsEntry[] = [
  { address: '127.0.0.1', names: ['localhost'] },
  { address: '::1', names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { address: 'fe00::', names: ['ip6-localnet'] },
  { address: 'ff00::', names: ['ip6-mcastprefix'] },
  { address: 'ff02::1', names: ['ip6-allnodes'] },
  { address: 'ff02::2', names: ['ip6-allrouters'] },
];

/** A container's /etc/hosts: loopback names, then `entries` in order. */
export function formatHosts(entries: readonly HostsEntry[]): string {
  return [...LOCAL, ...entries].map((entry) => `${entry.address}\t${entry.names.join(' ')}\n`).join('');
}

/** What a host-mode container sees: the host's own file and the extra entries. */
export function extendHosts(hostFile: string, entries: readonly HostsEntry[]): string {
  const own = hostFile === '' || hostFile.endsWith('\n') ? hostFile : `${hostFile}\n`;
  return own + entries.map((entry) => `${entry.address}\t${entry.names.join(' ')}\n`).join('');
}

/**
 * Docker's `--add-host` values: `name:address` (the address may be IPv6, in brackets or not) or `name=address`;
 * `host-gateway` stands for `gateways`. Throws `invalid-argument`.
 */
export function parseExtraHosts(values: readonly string[], gateways: readonly string[]): HostsEntry[] {
  return values.flatMap((value) => {
    const match = /^([^:=\s]+)[:=](.+)$/.exec(value);
    const [, name = '', target = ''] = match ?? [];
    if (target === 'host-gateway') {
      if (gateways.length === 0) {
        throw new PouchError('invalid-argument', `unable to derive the IP value for host-gateway (in ${value})`);
      }
      return gateways.map((address) => ({ address, names: [name] }));
    }
    const address = parseIp(target.replace(/^\[(.*)\]$/, '$1'));
    if (!match || !address || !/^[\w.-]+$/.test(name)) {
      throw new PouchError('invalid-argument', `bad format for add-host: ${JSON.stringify(value)}`);
    }
    return [{ address: formatIp(address), names: [name] }];
  });
}

/** The names of a container's own address. */
export function ownNames(hostname: string, domainname: string): string[] {
  if (hostname === '') return [];
  if (domainname !== '') return [`${hostname}.${domainname}`, hostname];
  // A name with dots is a full one: its first part is the host's own.
  const dot = hostname.indexOf('.');
  return dot > 0 ? [hostname, hostname.slice(0, dot)] : [hostname];
}
