import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode, PouchError, silentLogger } from '@pouch/base';
import { GrpcChannel } from '../channel.ts';
import { GrpcService, type MethodDefinition } from '../service.ts';
import { GrpcServer } from './server.ts';

const TEXT = {
  encode: (text: string) => ({ finish: () => Buffer.from(text) }),
  decode: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  fromPartial: (text: string) => text,
};

const ECHO = {
  fullName: 'test.Echo',
  methods: {
    once: { name: 'Once', requestType: TEXT, requestStream: false, responseType: TEXT, responseStream: false },
    stream: { name: 'Stream', requestType: TEXT, requestStream: true, responseType: TEXT, responseStream: true },
    missing: { name: 'Missing', requestType: TEXT, requestStream: false, responseType: TEXT, responseStream: false },
  },
} as const satisfies { fullName: string; methods: Record<string, MethodDefinition> };

interface Pair extends AsyncDisposable {
  readonly echo: GrpcService<typeof ECHO>;
  readonly channel: GrpcChannel;
  readonly cancelled: Promise<void>;
}

async function connect(name: string): Promise<Pair> {
  const path = join(tmpdir(), `pouch-grpc-server-${name}-${process.pid}.sock`);
  const cancelled = Promise.withResolvers<void>();
  const server = new GrpcServer({ logger: silentLogger });
  const { missing: _, ...methods } = ECHO.methods;
  server.add(
    { fullName: ECHO.fullName, methods },
    {
      once: (text, { metadata }) => {
        if (text === 'fail') throw new PouchError('not-found', 'no such text: ö');
        return `${text} ${metadata('x-many').join('|')}`;
      },
      stream: async (texts, send, { signal }) => {
        signal.addEventListener('abort', () => cancelled.resolve());
        for await (const text of texts) await send(text.toUpperCase());
      },
    },
  );
  assert.deepEqual(server.methods, ['/test.Echo/Once', '/test.Echo/Stream']);
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    void server.serve(socket);
  });
  await new Promise<void>((resolve) => listener.listen(path, resolve));
  const channel = new GrpcChannel({ path }, { logger: silentLogger });
  return {
    echo: new GrpcService(ECHO, channel),
    channel,
    cancelled: cancelled.promise,
    [Symbol.asyncDispose]: async () => {
      channel[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void listener.close(() => resolve()));
    },
  };
}

test('a call is answered, with each value of a header that came several times', async () => {
  await using pair = await connect('unary');
  assert.equal(await pair.echo.unary('once', 'text', { headers: { 'x-many': ['a, b', 'c'] } }), 'text a, b|c');
});

test("an error is the call's status, and so is a method that nobody serves", async () => {
  await using pair = await connect('errors');
  await assert.rejects(pair.echo.unary('once', 'fail'), (error) => {
    return isErrorCode(error, 'not-found') && error.message === 'no such text: ö';
  });
  await assert.rejects(pair.echo.unary('missing', ''), (error) => isErrorCode(error, 'unsupported'));
});

test('messages go both ways until the client has no more', async () => {
  await using pair = await connect('streams');
  using call = await pair.echo.duplex('stream');
  const got: string[] = [];
  const large = 'x'.repeat(100_000);
  for (let count = 0; count < 50; count += 1) {
    await call.write(large);
    got.push((await call.responses.next()).value as string);
  }
  call.end();
  assert.equal((await call.responses.next()).done, true);
  assert.deepEqual(new Set(got), new Set([large.toUpperCase()]));
});

test('whoever answers is told when the client gives up', async () => {
  await using pair = await connect('cancel');
  const call = await pair.echo.duplex('stream');
  await call.write('a');
  await call.responses.next();
  call[Symbol.dispose]();
  await pair.cancelled;
});
