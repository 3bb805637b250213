import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import type { Endpoint, TlsFiles } from './endpoint.ts';
import type { Wire, WireHandlers } from './wire-types.ts';

/** A {@link Wire} over node:net, or node:tls where the endpoint asks for it. */
export async function connectNodeWire(endpoint: Endpoint, handlers: WireHandlers): Promise<Wire> {
  const socket = await open(endpoint);
  socket.on('data', (chunk: Buffer) => handlers.onData(chunk));
  socket.on('drain', () => handlers.onDrain());
  socket.on('end', () => handlers.onEnd());
  let failure: Error | undefined;
  socket.on('error', (error) => {
    failure = error;
  });
  socket.on('close', () => handlers.onClose(failure));
  return {
    write: (data) => socket.write(data),
    endWrite: () => void socket.end(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    setRef: (ref) => void (ref ? socket.ref() : socket.unref()),
    destroy: () => void socket.destroy(),
  };
}

async function open(endpoint: Endpoint): Promise<Socket> {
  if (endpoint.kind === 'unix') {
    const socket = connect({ path: endpoint.path, allowHalfOpen: true });
    return await connected(socket, 'connect');
  }
  const address = { host: endpoint.hostname, port: endpoint.port, allowHalfOpen: true };
  if (!endpoint.tls) {
    const socket = connect({ ...address, noDelay: true });
    return await connected(socket, 'connect');
  }
  const tls = await import('node:tls');
  const files = endpoint.tls;
  const socket = tls.connect({
    ...address,
    ...(/^[\d.]+$|:/.test(endpoint.hostname) ? {} : { servername: endpoint.hostname }),
    rejectUnauthorized: files.verify,
    ...readTlsFiles(files),
  });
  socket.setNoDelay(true);
  return await connected(socket, 'secureConnect');
}

function readTlsFiles(files: TlsFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read = (path: string | undefined): Buffer | undefined => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw new PouchError('invalid-argument', `could not read the TLS file ${path}: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  };
  const ca = read(files.ca);
  const cert = read(files.cert);
  const key = read(files.key);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<Socket> {
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    socket.once('error', failed);
    socket.once(event, () => {
      socket.off('error', failed);
      resolve();
    });
  });
  return socket;
}
