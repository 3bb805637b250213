import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { errnoCode, PouchError } from '@pouch/base';
import { listHeldPorts } from '@pouch/linux';
import type { Protocol } from './sandbox-record.ts';

/** A host port that no other process can take while this exists. */
export interface HeldHostPort extends AsyncDisposable {
  readonly protocol: Protocol;
  readonly hostIp: string;
  readonly hostPort: number;
}

export interface ProxyTarget {
  readonly address: string;
  readonly port: number;
}

/**
 * Take a host port against other processes by binding it. A TCP port is also listened on: connections that the packet
 * filter does not redirect (to ::1, or over IPv6 to a container that has none) are passed on to `target`.
 *
 * Throws `conflict` when it is in use, `invalid-argument` when the host has no such address.
 */
export async function holdPort(
  protocol: Protocol,
  hostIp: string,
  hostPort: number,
  target: ProxyTarget,
): Promise<HeldHostPort> {
  try {
    const release =
      protocol === 'tcp'
        ? await listenTcp(hostIp, hostPort, target)
        : protocol === 'udp'
          ? await bindUdp(hostIp, hostPort)
          : await checkSctp(hostIp, hostPort);
    return { protocol, hostIp, hostPort, [Symbol.asyncDispose]: release };
  } catch (error) {
    throw holdError(error, protocol, hostIp, hostPort);
  }
}

async function listenTcp(host: string, port: number, target: ProxyTarget): Promise<() => Promise<void>> {
  const connections = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (inbound) => {
    const outbound = connect({ host: target.address, port: target.port, allowHalfOpen: true });
    for (const socket of [inbound, outbound]) {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    }
    inbound.on('error', () => outbound.destroy());
    outbound.on('error', () => inbound.resetAndDestroy());
    inbound.pipe(outbound);
    outbound.pipe(inbound);
  });
  server.listen({ host, port, exclusive: true, ipv6Only: true, backlog: 128 });
  await once(server, 'listening');
  server.unref();
  server.on('error', () => {});
  return async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of connections) socket.destroy();
    await closed;
  };
}

async function bindUdp(address: string, port: number): Promise<() => Promise<void>> {
  const isV6 = address.includes(':');
  const socket: UdpSocket = isV6 ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.unref();
  socket.on('error', () => {});
  return async () => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  };
}

/** Node.js has no SCTP sockets: look whether the kernel has such an endpoint. */
async function checkSctp(address: string, port: number): Promise<() => Promise<void>> {
  const wild = address === '0.0.0.0' || address === '::';
  const taken = (await listHeldPorts()).some(
    (held) =>
      held.protocol === 'sctp' &&
      held.port === port &&
      (wild || held.address === address || held.address === '0.0.0.0' || held.address === '::'),
  );
  if (taken) throw Object.assign(new Error('address already in use'), { code: 'EADDRINUSE' });
  return async () => {};
}

function holdError(error: unknown, protocol: Protocol, ip: string, port: number): unknown {
  const where = `failed to bind host port ${hostPort(ip, port)}/${protocol}`;
  switch (errnoCode(error)) {
    case 'EADDRINUSE':
      return new PouchError('conflict', `${where}: address already in use`, { cause: error });
    case 'EADDRNOTAVAIL':
      return new PouchError('invalid-argument', `${where}: cannot assign requested address`, { cause: error });
    case 'EACCES':
      return new PouchError('permission-denied', `${where}: permission denied`, { cause: error });
    default:
      return error;
  }
}

/** `0.0.0.0:80`, `[::]:80`. */
export function hostPort(ip: string, port: number): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}
