import { isIP } from 'node:net';
import type { HostConfig } from '@pouch/api';
import { invalid } from './invalid.ts';

export interface PortSpec {
  /** First and last port. */
  readonly first: number;
  readonly last: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** `80/tcp`, `53/udp`, `8000-8010`, `80`. Throws invalid-argument. */
export function parsePortSpec(text: string): PortSpec {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(text);
  const protocol = (match?.[3] ?? 'tcp').toLowerCase();
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || first < 1 || last > 65535 || last < first) throw invalid(`invalid port specification: "${text}"`);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    throw invalid(`invalid protocol "${protocol}" in port specification "${text}": use tcp, udp or sctp`);
  }
  return { first, last, protocol };
}

/** Check `-p` as the API carries it. Throws invalid-argument. */
export function validatePortBindings(bindings: HostConfig['PortBindings']): void {
  for (const [port, targets] of Object.entries(bindings ?? {})) {
    const spec = parsePortSpec(port);
    if (spec.first !== spec.last) throw invalid(`invalid port specification: "${port}": publish ranges port by port`);
    for (const { HostIp: ip = '', HostPort: hostPort = '' } of targets ?? []) {
      if (ip !== '' && isIP(stripBrackets(ip)) === 0) throw invalid(`invalid IP address in port binding: ${ip}`);
      if (hostPort !== '' && !isHostPort(hostPort)) throw invalid(`invalid port specification: "${hostPort}"`);
    }
  }
}

function isHostPort(text: string): boolean {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const last = Number(match?.[2] ?? match?.[1]);
  return match !== null && Number(match[1]) <= last && last <= 65535;
}

function stripBrackets(ip: string): string {
  return ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
}
