import { readTextIfExists } from '@pouch/base';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

/** A socket of the host (this process's network namespace) that holds a port. */
export interface HeldPort {
  readonly protocol: PortProtocol;
  /** Dotted or colon notation; `0.0.0.0` and `::` are the wildcards. */
  readonly address: string;
  readonly port: number;
}

const TCP_LISTEN = '0A';

/** Ports that processes on this host hold: TCP sockets that listen, bound UDP sockets, SCTP endpoints. */
export async function listHeldPorts(): Promise<HeldPort[]> {
  const read = async (name: string): Promise<string> => (await readTextIfExists(`/proc/self/net/${name}`)) ?? '';
  const [tcp, tcp6, udp, udp6, sctp] = await Promise.all([
    read('tcp'),
    read('tcp6'),
    read('udp'),
    read('udp6'),
    read('sctp/eps'),
  ]);
  return [
    ...parseSocketTable(tcp, 'tcp'),
    ...parseSocketTable(tcp6, 'tcp'),
    ...parseSocketTable(udp, 'udp'),
    ...parseSocketTable(udp6, 'udp'),
    ...parseSctpEndpoints(sctp),
  ];
}

/** Parse /proc/net/{tcp,udp}{,6} (proc_pid_net(5)): addresses are hexadecimal words in host byte order. */
export function parseSocketTable(text: string, protocol: 'tcp' | 'udp'): HeldPort[] {
  const held: HeldPort[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [hex = '', port = ''] = local.split(':');
    if (hex === '' || (protocol === 'tcp' && state !== TCP_LISTEN)) continue;
    held.push({ protocol, address: hexAddress(hex), port: Number.parseInt(port, 16) });
  }
  return held;
}

/** Parse /proc/net/sctp/eps: the port is the sixth column, the local addresses follow from the ninth. */
export function parseSctpEndpoints(text: string): HeldPort[] {
  const held: HeldPort[] = [];
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number(fields[5]);
    if (!Number.isInteger(port) || fields.length < 9) continue;
    for (const address of fields.slice(8)) held.push({ protocol: 'sctp', address, port });
  }
  return held;
}

function hexAddress(hex: string): string {
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    const parts = hex.slice(word, word + 8).match(/../g) ?? [];
    bytes.push(...parts.toReversed().map((part) => Number.parseInt(part, 16)));
  }
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return groups.join(':');
}
