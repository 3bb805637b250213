import { isIP } from 'node:net';
import type { HostConfig } from '@pouch/api';
import { csvPairs } from '@pouch/base';

type PortMap = NonNullable<HostConfig['PortBindings']>;

export interface PortFlags {
  readonly exposed: Record<string, Record<string, never>>;
  readonly bindings: PortMap;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

/** `-p [[IP:]HOST:]CONTAINER[/PROTOCOL]` with ranges, and `--expose`. */
export function parsePorts(publish: readonly string[], expose: readonly string[]): PortFlags {
  const exposed: PortFlags['exposed'] = {};
  const bindings: PortMap = {};
  for (const text of publish) {
    for (const { port, binding } of parsePublish(text)) {
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  for (const text of expose) {
    if (text.includes(':')) throw new Error(`invalid port format for --expose: ${text}`);
    const { ports, protocol } = splitProtocol(text);
    const range = parseRange(ports);
    if (!range) throw new Error(`invalid range format for --expose: ${text}`);
    for (let port = range.start; port <= range.end; port += 1) exposed[`${port}/${protocol}`] ??= {};
  }
  return { exposed, bindings };
}

interface Published {
  readonly port: string;
  readonly binding: { HostIp: string; HostPort: string };
}

function parsePublish(given: string): readonly Published[] {
  const text = longSyntax(given);
  const { ports, protocol } = splitProtocol(text);
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([^:]*):)?([^:]+)$/.exec(ports);
  if (!match) throw new Error(`invalid publish spec: ${given} (use [[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL])`);
  const ip = (match[1] ?? '').replace(/^\[|\]$/g, '');
  const hostText = match[2] ?? '';
  const container = parseRange(match[3] as string);
  const host = hostText === '' ? undefined : parseRange(hostText);
  if (ip !== '' && isIP(ip) === 0) throw new Error(`invalid IP address: ${ip}`);
  if (!container) throw new Error(`invalid containerPort: ${match[3]}`);
  if (hostText !== '' && !host) throw new Error(`invalid hostPort: ${hostText}`);
  const count = container.end - container.start;
  if (host && host.end - host.start !== count && count !== 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${match[3]} and ${hostText}`);
  }
  return Array.from({ length: count + 1 }, (_, offset) => ({
    port: `${container.start + offset}/${protocol}`,
    binding: { HostIp: ip, HostPort: hostPort(host, count, offset) },
  }));
}

/** A range on the host for one container port is passed on whole: the daemon takes the first that is free. */
function hostPort(host: Range | undefined, count: number, offset: number): string {
  if (!host) return '';
  if (count === 0 && host.end !== host.start) return `${host.start}-${host.end}`;
  return String(host.start + offset);
}

/** `published=8080,target=80,protocol=tcp` as the short form. */
function longSyntax(text: string): string {
  if (!text.includes('=')) return text;
  const parts = { published: '', target: '', protocol: 'tcp' };
  for (const [key, value] of csvPairs(text)) {
    if (value === undefined) throw new Error(`invalid field ${key}`);
    if (key === 'published' || key === 'target' || key === 'protocol') parts[key] = value;
    else if (key !== 'mode') throw new Error(`invalid field key ${key}`);
  }
  return `${parts.published}:${parts.target}/${parts.protocol}`;
}

function splitProtocol(text: string): { ports: string; protocol: string } {
  const at = text.lastIndexOf('/');
  if (at < 0) return { ports: text, protocol: 'tcp' };
  const protocol = text.slice(at + 1).toLowerCase() || 'tcp';
  if (!PROTOCOLS.has(protocol)) throw new Error(`invalid proto: ${text.slice(at + 1)}`);
  return { ports: text.slice(0, at), protocol };
}

function parseRange(text: string): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (!match) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2] ?? match[1]);
  return start <= end && end <= 65535 ? { start, end } : undefined;
}
