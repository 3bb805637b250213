/** The proxy between two ends of Node's own HTTP/2, of which the server plays a gRPC one. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { createConnection, createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PouchError, silentLogger } from '@pouch/base';
import { FrameDecoder, frame } from '@pouch/grpc';
import { GrpcProxy } from './grpc-proxy.ts';
import type { UnaryInterceptor } from './unary.ts';

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

interface Answer {
  readonly status: string | string[] | undefined;
  readonly message: string;
  readonly messages: readonly string[];
}

class Bench implements AsyncDisposable {
  readonly client: ClientHttp2Session;
  readonly #directory: string;
  readonly #closers: (() => void)[];

  private constructor(directory: string, client: ClientHttp2Session, closers: (() => void)[]) {
    this.#directory = directory;
    this.client = client;
    this.#closers = closers;
  }

  static async start(handler: Handler, intercept: ReadonlyMap<string, UnaryInterceptor> = new Map()): Promise<Bench> {
    const directory = mkdtempSync(join(tmpdir(), 'pouch-proxy-'));
    const address = join(directory, 'server.sock');
    const server = createServer();
    const sessions = new Set<{ destroy(): void }>();
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream, headers, _flags, raw) => {
      stream.on('error', () => {});
      handler(stream, headers, raw);
    });
    server.listen(address);
    await once(server, 'listening');
    const proxy = new GrpcProxy({ address, intercept }, { logger: silentLogger });
    const door = createSocketServer({ allowHalfOpen: true }, (socket: Socket) => void proxy.serve(socket));
    door.listen(join(directory, 'door.sock'));
    await once(door, 'listening');
    const client = connect('http://localhost', {
      createConnection: () => createConnection({ path: join(directory, 'door.sock') }),
    });
    client.on('error', () => {});
    const closers = [
      () => client.destroy(),
      () => door.close(),
      () => {
        for (const session of sessions) session.destroy();
        server.close();
      },
    ];
    return new Bench(directory, client, closers);
  }

  /** End the server, as when buildkitd dies. */
  kill(): void {
    this.#closers.at(-1)?.();
  }

  call(path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = this.client.request({ ...head, ...headers });
    stream.on('error', () => {});
    return stream;
  }

  /** Send messages, and collect the answer. */
  async ask(path: string, ...messages: string[]): Promise<Answer> {
    const stream = this.call(path);
    for (const message of messages) stream.write(frame(Buffer.from(message)));
    stream.end();
    return await answerOf(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) close();
    await sleep(10);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function answerOf(stream: ClientHttp2Stream): Promise<Answer> {
  let last: IncomingHttpHeaders = {};
  stream.on('response', (headers) => {
    if (headers['grpc-status'] !== undefined) last = headers;
  });
  stream.on('trailers', (headers) => {
    last = headers;
  });
  const decoder = new FrameDecoder();
  const messages: string[] = [];
  stream.on('data', (chunk: Buffer) =>
    messages.push(...decoder.push(chunk).map((part) => Buffer.from(part).toString())),
  );
  await closed(stream);
  return { status: last['grpc-status'], message: decodeURIComponent(String(last['grpc-message'] ?? '')), messages };
}

async function closed(stream: ClientHttp2Stream): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.once('close', resolve);
  await promise;
}

/** Answers with what it got, and a status of OK. */
function echo(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.pipe(stream);
}

suite('the gRPC proxy', { timeout: 30_000 }, () => {
  test('messages, metadata with several values, and trailers pass both ways', async () => {
    let seen: readonly string[] = [];
    await using bench = await Bench.start((stream, _headers, raw) => {
      seen = raw;
      stream.respond({ ':status': 200, 'x-head': ['1', '2'] }, { waitForTrailers: true });
      stream.on('wantTrailers', () =>
        stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'no%20such', 'x-end': 'e' }),
      );
      stream.pipe(stream);
    });
    const stream = bench.call('/a.B/C', { 'x-method': ['/m/1', '/m/2'] });
    let head: readonly string[] = [];
    let end: IncomingHttpHeaders = {};
    stream.on('response', (_headers, _flags, raw) => {
      head = raw as unknown as string[];
    });
    stream.on('trailers', (headers) => {
      end = headers;
    });
    stream.end(Buffer.concat([frame(Buffer.from('one')), frame(Buffer.from('two'))]));
    const answer = await answerOf(stream);
    assert.deepEqual(answer, { status: '5', message: 'no such', messages: ['one', 'two'] });
    const values = (raw: readonly string[], name: string): string[] =>
      raw.flatMap((word, at) => (at % 2 === 1 && raw[at - 1] === name ? [word] : []));
    assert.deepEqual(values(seen, 'x-method'), ['/m/1', '/m/2']);
    assert.deepEqual(values(head, 'x-head'), ['1', '2']);
    assert.equal(end['x-end'], 'e');
  });

  test('an answer of a head alone is one', async () => {
    await using bench = await Bench.start((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '12', 'grpc-message': 'what' }, { endStream: true });
    });
    assert.deepEqual(await bench.ask('/a.B/C', 'x'), { status: '12', message: 'what', messages: [] });
  });

  test('a client that does not read holds back the server', async () => {
    let sent = 0;
    await using bench = await Bench.start((stream) => {
      stream.respond({ ':status': 200 });
      const chunk = frame(Buffer.alloc(64 * 1024));
      const more = (): void => {
        while (!stream.destroyed && sent < 256 << 20) {
          sent += chunk.length;
          if (!stream.write(chunk)) return void stream.once('drain', more);
        }
      };
      more();
    });
    const stream = bench.call('/a.B/Stream');
    stream.end(frame(Buffer.alloc(0)));
    await once(stream, 'response');
    await sleep(300);
    assert.ok(sent < 16 << 20, `${sent} bytes were sent to a client that reads nothing`);
    assert.ok(sent > 0);
  });

  test('a server that does not read holds back the client', async () => {
    await using bench = await Bench.start((stream) => stream.respond({ ':status': 200 }));
    const stream = bench.call('/a.B/Upload');
    let taken = 0;
    const chunk = frame(Buffer.alloc(64 * 1024));
    const more = (): void => {
      while (taken < 256 << 20) {
        taken += chunk.length;
        if (!stream.write(chunk)) return void stream.once('drain', more);
      }
    };
    more();
    await sleep(300);
    assert.ok(taken < 16 << 20, `${taken} bytes were taken for a server that reads nothing`);
  });

  test('a call that the client cancels ends at the server', async () => {
    const ended = Promise.withResolvers<number>();
    await using bench = await Bench.start((stream) => {
      stream.respond({ ':status': 200 });
      stream.once('close', () => ended.resolve(stream.rstCode ?? -1));
    });
    const stream = bench.call('/a.B/C');
    await once(stream, 'response');
    stream.close(constants.NGHTTP2_CANCEL);
    assert.equal(await ended.promise, constants.NGHTTP2_CANCEL);
  });

  test('a client that goes ends all of its calls', async () => {
    const ended = Promise.withResolvers<void>();
    await using bench = await Bench.start((stream) => {
      stream.respond({ ':status': 200 });
      stream.once('close', () => ended.resolve());
    });
    await once(bench.call('/a.B/C'), 'response');
    bench.client.destroy();
    await ended.promise;
  });

  test('a reset by the server is one for the client', async () => {
    await using bench = await Bench.start((stream) => {
      stream.respond({ ':status': 200 });
      stream.write(frame(Buffer.from('begun')), () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
    const stream = bench.call('/a.B/C');
    stream.resume();
    await closed(stream);
    assert.equal(stream.rstCode, constants.NGHTTP2_INTERNAL_ERROR);
  });

  test('a server that dies is told as unavailable, before the answer and within it', async () => {
    let calls = 0;
    await using bench = await Bench.start((stream, headers) => {
      calls += 1;
      if (headers[':path'] === '/a.B/Begun') stream.respond({ ':status': 200 });
    });
    const first = bench.call('/a.B/Waiting');
    const waiting = answerOf(first);
    first.end(frame(Buffer.from('x')));
    const begun = bench.call('/a.B/Begun');
    begun.end(frame(Buffer.from('x')));
    const within = answerOf(begun);
    await once(begun, 'response');
    while (calls < 2) await sleep(5);
    bench.kill();
    for (const answer of [await waiting, await within]) {
      assert.equal(answer.status, '14');
      assert.match(answer.message, /BuildKit ended/);
    }
    assert.equal((await bench.ask('/a.B/Later', 'x')).status, '14');
  });

  test('an interceptor changes the request, and has done its work before the client hears of the end', async () => {
    const order: string[] = [];
    const interceptor: UnaryInterceptor = {
      request: async (message) => ({
        message: Buffer.from(`${Buffer.from(message).toString()} changed`),
        answered: async (answer) => {
          await sleep(20);
          order.push(`answered ${Buffer.from(answer).toString()}`);
        },
        ended: async () => void order.push('ended'),
      }),
    };
    await using bench = await Bench.start(echo, new Map([['/a.B/Solve', interceptor]]));
    const answer = await bench.ask('/a.B/Solve', 'request');
    order.push('heard');
    assert.deepEqual(answer, { status: '0', message: '', messages: ['request changed'] });
    assert.equal(order[0], 'answered request changed');
    assert.ok(order.indexOf('heard') > 0);
    assert.deepEqual((await bench.ask('/a.B/Other', 'as it is')).messages, ['as it is']);
  });

  test('what an interceptor refuses, a body of two messages, and one cut short are answered with a status', async () => {
    const ended: string[] = [];
    const interceptor: UnaryInterceptor = {
      request: async (message) => {
        if (message.length === 0) throw new PouchError('invalid-argument', 'nothing – at all');
        return { message, ended: async () => void ended.push('ended') };
      },
    };
    await using bench = await Bench.start(echo, new Map([['/a.B/Solve', interceptor]]));
    assert.deepEqual(await bench.ask('/a.B/Solve', ''), { status: '3', message: 'nothing – at all', messages: [] });
    assert.equal((await bench.ask('/a.B/Solve', 'one', 'two')).status, '3');
    const cut = bench.call('/a.B/Solve');
    cut.end(frame(Buffer.from('whole')).subarray(0, 7));
    assert.equal((await answerOf(cut)).status, '3');
    assert.deepEqual(ended, []);
  });

  test('an intercepted call that fails or is cancelled ends its preparation', async () => {
    let ended = 0;
    const interceptor: UnaryInterceptor = {
      request: async (message) => ({
        message,
        answered: async () => assert.fail('it did not succeed'),
        ended: async () => {
          ended += 1;
        },
      }),
    };
    await using bench = await Bench.start(
      (stream) => {
        stream.resume();
        stream.on('end', () => {
          if (stream.sentHeaders) return;
          stream.respond({ ':status': 200, 'grpc-status': '2', 'grpc-message': 'failed' }, { endStream: true });
        });
      },
      new Map([['/a.B/Solve', interceptor]]),
    );
    assert.deepEqual(await bench.ask('/a.B/Solve', 'x'), { status: '2', message: 'failed', messages: [] });
    while (ended < 1) await sleep(5);
  });
});
