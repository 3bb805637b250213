/** A session between a client on a socket and Node's own HTTP/2, which plays buildkitd. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FrameDecoder, frame } from '@pouch/grpc';
import { BytesMessage } from '../generated/buildkit/control.ts';
import { SessionCall } from './session-call.ts';

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

interface Session {
  /** The client's end. */
  readonly client: Socket;
  readonly call: SessionCall;
  /** What `call.over` comes to. */
  readonly outcome: Promise<unknown>;
  kill(): void;
}

async function withSession(handler: Handler, use: (session: Session) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-session-'));
  const [address, door] = [join(directory, 'buildkitd.sock'), join(directory, 'door.sock')];
  const sockets = new Set<Socket>();
  const server = createHttp2Server();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('stream', (stream, headers, _flags, raw) => {
    stream.on('error', () => {});
    handler(stream, headers, raw);
  });
  const listener = createServer({ allowHalfOpen: true });
  server.listen(address);
  listener.listen(door);
  await Promise.all([once(server, 'listening'), once(listener, 'listening')]);
  const client = createConnection({ path: door });
  client.on('error', () => {});
  const [socket] = (await once(listener, 'connection')) as [Socket];
  socket.on('error', () => {});
  const headers = { 'x-docker-expose-session-uuid': ['abc'], 'x-method': ['/m/1', '/m/2'] };
  const call = new SessionCall(socket, createConnection({ path: address }), headers);
  const outcome = call.over.catch((error: unknown) => error);
  const kill = (): void => sockets.forEach((each) => each.destroy());
  try {
    await use({ client, call, outcome, kill });
  } finally {
    client.destroy();
    await outcome;
    kill();
    server.close();
    listener.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Answers each message with itself. */
function echo(stream: ServerHttp2Stream): void {
  const decoder = new FrameDecoder();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('data', (chunk: Buffer) => {
    for (const message of decoder.push(chunk)) {
      if (!stream.write(frame(message))) stream.pause();
    }
  });
  stream.on('drain', () => stream.resume());
  stream.on('end', () => stream.end());
}

suite('a session', { timeout: 30_000 }, () => {
  test('megabytes pass both ways through windows of kilobytes, with the session’s headers', async () => {
    let seen: readonly string[] = [];
    await withSession(
      (stream, _headers, raw) => {
        seen = raw;
        echo(stream);
      },
      async ({ client, outcome }) => {
        const sent = randomBytes(5 << 20);
        const received: Buffer[] = [];
        client.on('data', (chunk: Buffer) => received.push(chunk));
        client.end(sent);
        await once(client, 'close');
        assert.ok(Buffer.concat(received).equals(sent));
        assert.equal(await outcome, undefined);
        assert.equal(seen[seen.indexOf(':path') + 1], '/moby.buildkit.v1.Control/Session');
        assert.deepEqual(
          seen.filter((_word, at) => seen[at - 1] === 'x-method'),
          ['/m/1', '/m/2'],
        );
      },
    );
  });

  test('a buildkitd that does not read holds back the client, and a client that does not read buildkitd', async () => {
    let sent = 0;
    await withSession(
      (stream) => {
        stream.respond({ ':status': 200 });
        const message = frame(BytesMessage.encode({ data: Buffer.alloc(64 << 10) }).finish());
        const more = (): void => {
          while (!stream.destroyed && sent < 256 << 20) {
            sent += message.length;
            if (!stream.write(message)) return void stream.once('drain', more);
          }
        };
        more();
      },
      async ({ client }) => {
        let taken = 0;
        const more = (): void => {
          while (!client.destroyed && taken < 256 << 20) {
            taken += 64 << 10;
            if (!client.write(Buffer.alloc(64 << 10))) return void client.once('drain', more);
          }
        };
        more();
        await sleep(500);
        assert.ok(taken > 0 && taken < 16 << 20, `${taken} bytes were taken`);
        assert.ok(sent > 0 && sent < 16 << 20, `${sent} bytes were sent`);
      },
    );
  });

  test('what buildkitd refuses is told with its reason, and closes the client’s connection', async () => {
    await withSession(
      (stream) =>
        stream.respond({ ':status': 200, 'grpc-status': '6', 'grpc-message': 'there%20is one' }, { endStream: true }),
      async ({ client, outcome }) => {
        client.resume();
        await once(client, 'close');
        const error = (await outcome) as Error;
        assert.equal(error.message, 'there is one');
      },
    );
  });

  test('a buildkitd that dies ends the client’s connection, and a client that goes ends the call', async () => {
    const begun = Promise.withResolvers<ServerHttp2Stream>();
    const handler: Handler = (stream) => {
      stream.respond({ ':status': 200 });
      stream.resume();
      // As buildkitd, for which a client that says no more is gone.
      stream.once('end', () => stream.end());
      begun.resolve(stream);
    };
    await withSession(handler, async ({ client, kill }) => {
      client.resume();
      await begun.promise;
      kill();
      await once(client, 'close');
    });
    const ended = Promise.withResolvers<void>();
    await withSession(
      (stream) => {
        handler(stream, {}, []);
        stream.once('close', () => ended.resolve());
        stream.write(frame(BytesMessage.encode({ data: Buffer.from('x') }).finish()));
      },
      async ({ client, outcome }) => {
        await once(client, 'data');
        client.destroy();
        await ended.promise;
        await outcome;
      },
    );
  });
});
