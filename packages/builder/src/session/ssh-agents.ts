import { createConnection, type Socket } from 'node:net';
import { errorMessage, PouchError } from '@pouch/base';
import type { CallContext, GrpcServer } from '@pouch/grpc';
import { SSHDefinition } from '../generated/buildkit/session/ssh.ts';

const DEFAULT = 'default';

/** Let steps of a build use SSH agents: sockets by id. */
export function serveSshAgents(server: GrpcServer, agents: ReadonlyMap<string, string>): void {
  const socketOf = (id: string): string => {
    const path = agents.get(id === '' ? DEFAULT : id);
    if (path === undefined) throw new PouchError('not-found', `unset ssh forward key ${id || DEFAULT}`);
    return path;
  };
  server.add(SSHDefinition, {
    checkAgent: ({ ID }) => {
      socketOf(ID);
      return {};
    },
    forwardAgent: async (messages, send, context) => {
      const socket = await connect(socketOf(context.metadata('buildkit.ssh.id')[0] ?? ''));
      await forward(socket, messages, async (data) => await send({ data }), context);
    },
  });
}

async function connect(path: string): Promise<Socket> {
  const socket = createConnection({ path });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve).once('error', reject);
  try {
    await promise;
  } catch (error) {
    throw new PouchError('unavailable', `no SSH agent answers at ${path}: ${errorMessage(error)}`, { cause: error });
  }
  return socket;
}

/** Bytes both ways, until either side has no more. */
async function forward(
  socket: Socket,
  messages: AsyncIterable<{ readonly data: Uint8Array }>,
  send: (data: Uint8Array) => Promise<void>,
  { signal }: CallContext,
): Promise<void> {
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  const toAgent = async (): Promise<void> => {
    for await (const { data } of messages) {
      if (socket.destroyed) return;
      socket.write(data);
    }
    socket.end();
  };
  toAgent().catch((error: unknown) => socket.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of socket) await send(chunk as Buffer);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    socket.destroy();
  }
}
