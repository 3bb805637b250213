import type { Duplex } from 'node:stream';
import type { BuildKitClient } from './client.ts';

const PREFIX = 'x-docker-expose-session-';
/** Bytes in a message to buildkitd at most. */
const CHUNK = 64 * 1024;

/** The headers that describe a session, from a request's raw ones: a method's header comes once per method. */
export function sessionHeaders(rawHeaders: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (name.startsWith(PREFIX)) (headers[name] ??= []).push(rawHeaders[at + 1] as string);
  }
  return headers;
}

/** The id of the session that these headers describe. */
export function sessionId(headers: Readonly<Record<string, readonly string[]>>): string | undefined {
  return headers[`${PREFIX}uuid`]?.[0];
}

/**
 * Carry a client's connection, which speaks HTTP/2 with the client as the server, to buildkitd in a `Control/Session` stream.
 * Each way is read at the pace of its reader. Resolves when either side has ended it.
 */
export async function bridgeSession(
  socket: Duplex,
  client: BuildKitClient,
  headers: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  if (socket.destroyed) return;
  using call = await client.session(headers, { signal: gone.signal });
  const toServer = (async () => {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      for (let at = 0; at < bytes.length; at += CHUNK) await call.write({ data: bytes.subarray(at, at + CHUNK) });
    }
    call.end();
  })();
  // Its failure shows as the end of the other way.
  toServer.catch(() => {});
  try {
    for await (const { data } of call.responses) {
      if (data.length > 0 && !socket.write(data)) await drained(socket);
      if (socket.destroyed) return;
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    // The client has nothing to say any more: BuildKit, which asks in a session, is gone.
    socket.end(() => socket.destroy());
  }
}

async function drained(socket: Duplex): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.off('drain', resolve).off('close', resolve);
}
