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

function listen(port: number): void {
  const server = createServer();
  server.once('error', (error) => process.send?.({ kind: 'failed', message: error.message }));
  // Both families where the namespace has both.
  server.listen({ port, host: '::' }, () => process.send?.({ kind: 'listening' }, server, {}, () => server.close()));
  server.once('error', () => {
    const plain = createServer();
    plain.once('error', (error) => process.send?.({ kind: 'failed', message: error.message }));
    plain.listen({ port, host: '0.0.0.0' }, () =>
      process.send?.({ kind: 'listening' }, plain, {}, () => plain.close()),
    );
  });
}

async function connectTo(call: number, host: string, port: number): Promise<void> {
  const fail = (message: string): void => void process.send?.({ kind: 'refused', call, message });
  try {
    const address = await addressOf(host);
    const socket = connect({ host: address, port, allowHalfOpen: true });
    socket.once('error', (error) => fail(error.message));
    socket.once('connect', () => process.send?.({ kind: 'connected', call }, socket, {}));
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
