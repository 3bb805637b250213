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
  type Settings,
} from 'node:http2';
import { createConnection, createServer as createSocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PouchError, silentLogger } from '@pouch/base';
import { FrameDecoder, frame } from '@pouch/grpc';
import {
  DEFAULT_WINDOW,
  encodeFrame,
  encodeSettings,
  FLAG,
  FRAME,
  FrameSplitter,
  PREFACE,
  SETTING,
  windowUpdate,
} from '../http2/frames.ts';
import { GrpcProxy } from './grpc-proxy.ts';
import type { UnaryInterceptor } from './unary.ts';

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

const PING = encodeFrame(FRAME.PING, FLAG.NONE, 0, Buffer.alloc(8));

interface Answer {
  readonly status: string | string[] | undefined;
  readonly message: string;
  readonly messages: readonly string[];
}

class Bench implements AsyncDisposable {
  client!: ClientHttp2Session;
  readonly #directory: string;
  readonly #closers: (() => void)[];

  private constructor(directory: string, closers: (() => void)[]) {
    this.#directory = directory;
    this.#closers = closers;
  }

  static async start(
    handler: Handler,
    intercept: ReadonlyMap<string, UnaryInterceptor> = new Map(),
    {
      settings = {},
      pace = new Map<string, number>(),
    }: { settings?: Settings; pace?: ReadonlyMap<string, number> } = {},
  ): Promise<Bench> {
    const directory = mkdtempSync(join(tmpdir(), 'pouch-proxy-'));
    const address = join(directory, 'server.sock');
    const server = createServer({ settings });
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.on('stream', (stream, headers, _flags, raw) => {
      stream.on('error', () => {});
      handler(stream, headers, raw);
    });
    server.listen(address);
    await once(server, 'listening');
    const proxy = new GrpcProxy({ address, intercept, pace }, { logger: silentLogger });
    const door = createSocketServer({ allowHalfOpen: true }, (socket: Socket) => void proxy.serve(socket));
    door.listen(join(directory, 'door.sock'));
    await once(door, 'listening');
    const bench = new Bench(directory, []);
    bench.connect();
    const closers = [
      () => bench.client.destroy(),
      () => door.close(),
      () => {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    ];
    bench.#closers.push(...closers);
    return bench;
  }

  /** Another connection of the client's, in the first one's place. */
  connect(): void {
    this.client = connect('http://localhost', {
      createConnection: () => this.door(),
    });
    this.client.on('error', () => {});
  }

  /** End the server, as when buildkitd dies. */
  kill(): void {
    this.#closers.at(-1)?.();
  }

  /** A connection on which a client can say anything. */
  door(): Socket {
    const socket = createConnection({ path: join(this.#directory, 'door.sock') });
    socket.on('error', () => {});
    return socket;
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
    if (!bench.client.closed) await once(bench.client, 'close');
    bench.connect();
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

  test('metadata larger than a frame passes both ways', async () => {
    const large = 'm'.repeat(40_000);
    let seen: IncomingHttpHeaders = {};
    await using bench = await Bench.start((stream, headers) => {
      seen = headers;
      stream.respond({ ':status': 200, 'x-large': large, 'grpc-status': '0' }, { endStream: true });
    });
    const stream = bench.call('/a.B/C', { 'x-large': large });
    stream.end();
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(seen['x-large'], large);
    assert.equal(head['x-large'], large);
    assert.deepEqual((await bench.ask('/a.B/C', 'x')).status, '0', 'the tables of both ends still agree');
  });

  for (const initialWindowSize of [1000, 65_535]) {
    const windows = `windows of ${initialWindowSize} bytes`;
    test(`a held call larger than all ${windows} passes, and leaves those of the others right`, async () => {
      const swell: UnaryInterceptor = {
        request: async (message) => ({ message: Buffer.concat([message, Buffer.alloc(message.length, 'z')]) }),
      };
      const sums: number[] = [];
      await using bench = await Bench.start(
        (stream, headers) => {
          let size = 0;
          stream.on('data', (chunk: Buffer) => {
            size += chunk.length;
          });
          stream.on('end', () => {
            if (headers[':path'] !== '/a.B/Solve') sums.push(size);
            stream.respond({ ':status': 200 }, { waitForTrailers: true });
            stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
            stream.end(frame(Buffer.from(`${size}`)));
          });
        },
        new Map([['/a.B/Solve', swell]]),
        { settings: { initialWindowSize } },
      );
      const upload = async (): Promise<void> => {
        const stream = bench.call('/a.B/Upload');
        stream.end(Buffer.alloc(300_000));
        await answerOf(stream);
      };
      const solve = async (): Promise<Answer> => await bench.ask('/a.B/Solve', 's'.repeat(200_000));
      const [one, two] = await Promise.all([solve(), solve(), upload(), upload(), upload()]);
      for (const answer of [one, two, await solve()])
        assert.deepEqual(answer, { status: '0', message: '', messages: ['400005'] });
      await upload();
      assert.deepEqual(sums, [300_000, 300_000, 300_000, 300_000]);
    });
  }

  test('a server never gets more than it gave room for, whoever sends', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pouch-proxy-'));
    const [address, door] = [join(directory, 'server.sock'), join(directory, 'door.sock')];
    let room = DEFAULT_WINDOW;
    let least = room;
    let received = 0;
    const server = createSocketServer((socket: Socket) => {
      const splitter = new FrameSplitter(PREFACE);
      socket.write(encodeSettings([SETTING.INITIAL_WINDOW_SIZE, 1 << 20]));
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        for (const { type, flowSize } of splitter.push(chunk)) {
          if (type !== FRAME.DATA || flowSize === 0) continue;
          received += flowSize;
          room -= flowSize;
          least = Math.min(least, room);
          const giveBack = (): void => {
            room += flowSize;
            socket.write(windowUpdate(0, flowSize));
          };
          setTimeout(giveBack, 20);
        }
      });
    });
    const double: UnaryInterceptor = { request: async (message) => ({ message: Buffer.concat([message, message]) }) };
    const proxy = new GrpcProxy({ address, intercept: new Map([['/a.B/Solve', double]]) }, { logger: silentLogger });
    const listener = createSocketServer((socket: Socket) => void proxy.serve(socket));
    server.listen(address);
    listener.listen(door);
    await Promise.all([once(server, 'listening'), once(listener, 'listening')]);
    const client = connect('http://localhost', { createConnection: () => createConnection({ path: door }) });
    client.on('error', () => {});
    const begin = (path: string, body: Buffer): void => {
      const stream = client.request({ ':method': 'POST', ':path': path });
      stream.on('error', () => {});
      stream.end(body);
    };
    try {
      let wanted = 0;
      for (let round = 0; round < 10; round += 1) {
        begin('/a.B/Solve', frame(Buffer.alloc(40_000)));
        begin('/a.B/Upload', Buffer.alloc(100_000));
        wanted += 80_005 + 100_000;
      }
      while (received < wanted && least >= 0) await sleep(10);
      assert.equal(least >= 0, true, `it got ${-least} bytes too many`);
      assert.equal(received, wanted);
    } finally {
      client.destroy();
      server.close();
      listener.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test('a held call without a body, and one that is cancelled while its request is read, come to an end', async () => {
    const reading = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let ended = 0;
    const slow: UnaryInterceptor = {
      request: async (message) => {
        reading.resolve();
        await go.promise;
        return {
          message,
          ended: async () => {
            ended += 1;
          },
        };
      },
    };
    await using bench = await Bench.start(echo, new Map([['/a.B/Solve', slow]]));
    assert.equal((await bench.ask('/a.B/Solve')).status, '3');
    const cut = bench.call('/a.B/Solve');
    cut.end(frame(Buffer.from('x')));
    await reading.promise;
    cut.close(constants.NGHTTP2_CANCEL);
    await closed(cut);
    assert.deepEqual((await bench.ask('/a.B/Other', 'goes on')).messages, ['goes on']);
    go.resolve();
    while (ended < 1) await sleep(5);
  });

  test('an answer that cannot be acted on is a failure', async () => {
    const broken: UnaryInterceptor = {
      request: async (message) => ({
        message,
        answered: async () => {
          throw new PouchError('unavailable', 'no disk');
        },
      }),
    };
    await using bench = await Bench.start(echo, new Map([['/a.B/Solve', broken]]));
    for (let again = 0; again < 3; again += 1) {
      const { status, message } = await bench.ask('/a.B/Solve', 'x');
      assert.deepEqual([status, message], ['14', 'no disk']);
    }
    assert.deepEqual((await bench.ask('/a.B/Other', 'goes on')).messages, ['goes on']);
  });

  test('progress comes within its pace, and no later than what follows it', async () => {
    await using bench = await Bench.start(
      (stream, headers) => {
        stream.respond({ ':status': 200 }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.write(frame(Buffer.from('begun')));
        if (headers[':path'] === '/a.B/Slow') stream.end();
      },
      new Map(),
      {
        pace: new Map([
          ['/a.B/Status', 20],
          ['/a.B/Slow', 60_000],
        ]),
      },
    );
    const progress = bench.call('/a.B/Status');
    progress.end();
    assert.deepEqual(await once(progress, 'data'), [frame(Buffer.from('begun'))]);
    progress.close();
    assert.deepEqual((await bench.ask('/a.B/Slow', 'x')).messages, ['begun']);
  });

  test('pings are answered, also those of a client that only pings', async () => {
    await using bench = await Bench.start(echo);
    assert.deepEqual((await bench.ask('/a.B/C', 'x')).messages, ['x']);
    const ping = promisify(bench.client.ping.bind(bench.client)) as (payload: Buffer) => Promise<unknown>;
    await ping(Buffer.from('12345678'));
    await Promise.all(Array.from({ length: 5 }, async () => await ping(Buffer.from('87654321'))));
    const flood = bench.door();
    flood.write(PREFACE);
    flood.write(encodeSettings());
    await once(flood, 'data');
    flood.pause();
    let pings = 0;
    const more = (): void => {
      while (!flood.destroyed && pings < 4_000_000) {
        pings += 1000;
        if (!flood.write(Buffer.concat(Array.from({ length: 1000 }, () => PING))))
          return void flood.once('drain', more);
      }
    };
    more();
    await sleep(500);
    assert.ok(pings < 200_000, `${pings} pings were taken from a client that reads no answer`);
    flood.destroy();
  });

  test('a client that does not speak HTTP/2, or breaks it, is cut off', async () => {
    await using bench = await Bench.start(echo);
    const begin = Buffer.concat([PREFACE, encodeSettings()]);
    const wrong = {
      'another protocol': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      'a frame of 16 MB': Buffer.concat([begin, Buffer.from('ffffff000000000001', 'hex')]),
      'headers that are malformed': Buffer.concat([
        begin,
        encodeFrame(FRAME.HEADERS, FLAG.END_HEADERS, 1, Buffer.of(0x80)),
      ]),
    };
    for (const [what, bytes] of Object.entries(wrong)) {
      const socket = bench.door();
      socket.resume();
      socket.write(bytes);
      await Promise.race([
        once(socket, 'close'),
        sleep(5000, undefined, { ref: false }).then(() => assert.fail(`${what} was not cut off`)),
      ]);
    }
    assert.deepEqual((await bench.ask('/a.B/C', 'another client')).messages, ['another client']);
  });
});
