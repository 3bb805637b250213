import { once } from 'node:events';
import type { Server } from 'node:net';

/** Run `listen`; resolves when the server listens, rejects with what kept it from doing so. */
export async function listening(server: Server, listen: () => void): Promise<void> {
  const done = once(server, 'listening');
  listen();
  await done;
}
