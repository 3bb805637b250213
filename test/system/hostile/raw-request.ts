import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which bytes are sent that no HTTP library would send. */
export async function rawConnection(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Send bytes, and collect what comes back until the other side closes or `ms` milliseconds have passed. */
export async function sendRaw(
  path: string,
  bytes: Buffer | string,
  ms = 2000,
): Promise<{ text: string; closed: boolean }> {
  const socket = await rawConnection(path);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  socket.write(bytes);
  const result = await closed;
  socket.destroy();
  return { text: Buffer.concat(chunks).toString('latin1'), closed: result };
}

/** The lines as an HTTP head. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}
