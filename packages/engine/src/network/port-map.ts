import type { PortMap } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { formatIp, parseIp } from './ip-address.ts';
import type { HostBinding } from './sandbox.ts';
import type { Protocol, PublishedPort, WantedPort } from './sandbox-record.ts';

/** Port and protocol from Docker's notation: `80/tcp`, `53/udp`, `80`. Throws `invalid-argument`. */
export function parsePort(text: string): { readonly port: number; readonly protocol: Protocol } {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const port = Number(match?.[1]);
  if (!match || port < 1 || port > 65535) {
    throw new PouchError('invalid-argument', `invalid port specification: ${JSON.stringify(text)}`);
  }
  return { port, protocol: (match[2]?.toLowerCase() ?? 'tcp') as Protocol };
}

/** The single ports of an exposed `80/tcp` or `8000-8010/tcp`. */
export function expandExposed(text: string): string[] {
  const range = /^(\d{1,5})-(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  if (!range) {
    const { port, protocol } = parsePort(text);
    return [`${port}/${protocol}`];
  }
  const [start, end] = [Number(range[1]), Number(range[2])];
  if (start < 1 || end > 65535 || end < start) {
    throw new PouchError('invalid-argument', `invalid port range: ${JSON.stringify(text)}`);
  }
  const protocol = range[3]?.toLowerCase() ?? 'tcp';
  return Array.from({ length: end - start + 1 }, (_, index) => `${start + index}/${protocol}`);
}

/**
 * What to publish, from `PortBindings`, and with `publishAll` every exposed port that is not bound already. Throws
 * `invalid-argument` for a port, range or address that is none.
 */
export function wantedPorts(
  bindings: PortMap | undefined,
  exposed: readonly string[],
  publishAll: boolean,
): WantedPort[] {
  const wanted: WantedPort[] = [];
  const bound = new Set<string>();
  for (const [key, list] of Object.entries(bindings ?? {})) {
    const { port, protocol } = parsePort(key);
    bound.add(`${port}/${protocol}`);
    for (const binding of list?.length ? list : [{}]) {
      const range = parseHostPort(binding.HostPort ?? '');
      wanted.push({ containerPort: port, protocol, hostIp: parseHostIp(binding.HostIp ?? ''), ...range });
    }
  }
  if (!publishAll) return wanted;
  for (const key of exposed) {
    if (bound.has(key)) continue;
    wanted.push({ ...toWanted(key), hostIp: '', hostPortStart: 0, hostPortEnd: 0 });
  }
  return wanted;
}

/** The port map as inspect shows it: published ports with their bindings, exposed ones with null. */
export function portMapOf(
  ports: readonly PublishedPort[],
  exposed: readonly string[],
): Record<string, HostBinding[] | null> {
  const map: Record<string, HostBinding[] | null> = {};
  for (const key of exposed) map[key] = null;
  for (const port of ports) {
    const key = `${port.containerPort}/${port.protocol}`;
    (map[key] ??= []).push({ HostIp: port.hostIp, HostPort: String(port.hostPort) });
  }
  return map;
}

function toWanted(key: string): Pick<WantedPort, 'containerPort' | 'protocol'> {
  const { port, protocol } = parsePort(key);
  return { containerPort: port, protocol };
}

function parseHostPort(text: string): Pick<WantedPort, 'hostPortStart' | 'hostPortEnd'> {
  if (text === '' || text === '0') return { hostPortStart: 0, hostPortEnd: 0 };
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1]);
  const end = Number(match?.[2] ?? match?.[1]);
  if (!match || start < 1 || end > 65535 || end < start) {
    throw new PouchError('invalid-argument', `invalid port specification: ${JSON.stringify(text)}`);
  }
  return { hostPortStart: start, hostPortEnd: end };
}

function parseHostIp(text: string): string {
  if (text === '') return '';
  const address = parseIp(text.replace(/^\[(.*)\]$/, '$1'));
  if (!address) throw new PouchError('invalid-argument', `invalid IP address in port binding: ${JSON.stringify(text)}`);
  return formatIp(address);
}
