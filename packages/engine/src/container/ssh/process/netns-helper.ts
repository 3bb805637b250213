/**
 * Runs inside a container's network namespace (nsenter(1) started it there): makes sockets and hands them to the SSH process,
 * which does the rest. It ends when it was idle for a while, or with that process.
 */
import { Resolver } from 'node:dns/promises';
import { connect, createServer, isIP } from 'node:net';

type Request =
  | { readonly kind: 'listen'; readonly port: number }
  | { readonly kind: 'connect'; readonly call: number; readonly host: string; readonly port: number };

const IDLE = 30_000;
const resolver = new Resolver({ timeout: 2000, tries: 2 });
const nameservers = process.argv.slice(2).filter((address) => isIP(address) !== 0);
if (nameservers.length > 0) resolver.setServers(nameservers);
const idle = setTimeout(() => process.exit(0), IDLE);

process.on('disconnect', () => process.exit(0));
process.on('message', (request: Request) => {
  idle.refresh();
  if (request.kind === 'listen') listen(request.port);
  else void connectTo(request.call, request.host, request.port);
});

/** The SSH process may have gone just now; this one then ends as well. */
function tell(answer: object): void {
  process.send?.(answer, () => {});
}

/** On both families where the namespace has both. */
function listen(port: number, host = '::'): void {
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const hasNoIpv6 = error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL';
    if (host === '::' && hasNoIpv6) listen(port, '0.0.0.0');
    else tell({ kind: 'failed', message: error.message });
  });
  server.listen({ port, host }, () => process.send?.({ kind: 'listening' }, server, {}, () => server.close()));
}

async function connectTo(call: number, host: string, port: number): Promise<void> {
  const fail = (message: string): void => tell({ kind: 'refused', call, message });
  try {
    const address = await addressOf(host);
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.once('error', (error) => fail(error.message));
    socket.once('connect', () => process.send?.({ kind: 'connected', call }, socket, {}, () => {}));
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

/** Names are asked of the container's own servers, which know its neighbours. */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  if (host === 'localhost') return '127.0.0.1';
  const [address] = await resolver.resolve4(host).catch(async () => await resolver.resolve6(host));
  if (address === undefined) throw new Error(`${host} has no address`);
  return address;
}
