import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, suite, test } from 'node:test';
import { type ErrorCode, PouchError, silentLogger, sleep } from '@pouch/base';
import { VersionDefinition, VersionResponse } from './generated/containerd/services/version.ts';
import { frame, GrpcChannel, GrpcService, type ServiceCallOptions } from '@pouch/grpc';

const path = join(tmpdir(), `pouch-grpc-${process.pid}.sock`);
const ANSWER = frame(VersionResponse.encode({ version: '9', revision: '' }).finish());
const OK = { ':status': 200, 'content-type': 'application/grpc' };

/** A gRPC server whose answers are written by hand. */
class Server implements Disposable {
  readonly #server: Http2Server = createServer();
  readonly #sessions = new Set<{ destroy(): void }>();
  calls = 0;

  constructor(answer: (stream: ServerHttp2Stream, call: number) => void) {
    this.#server.on('session', (session) => this.#sessions.add(session));
    this.#server.on('stream', (stream) => {
      stream.on('error', () => {});
      this.calls += 1;
      answer(stream, this.calls);
    });
    this.#server.listen(path);
  }

  dropConnections(): void {
    for (const session of this.#sessions) session.destroy();
    this.#sessions.clear();
  }

  [Symbol.dispose](): void {
    this.dropConnections();
    this.#server.close();
  }
}

function succeed(stream: ServerHttp2Stream): void {
  stream.respond(OK, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(ANSWER);
}

async function call(options: ServiceCallOptions = {}): Promise<string> {
  using channel = new GrpcChannel({ path }, { logger: silentLogger });
  return (await new GrpcService(VersionDefinition, channel).unary('version', {}, options)).version;
}

function failure(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PouchError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };
}

suite('a gRPC call', () => {
  afterEach(() => rmSync(path, { force: true }));

  test('is answered', async () => {
    using _server = new Server(succeed);
    assert.equal(await call(), '9');
  });

  test('fails with the status and the decoded message of the trailers', async () => {
    using _server = new Server((stream) => {
      stream.respond(OK, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '6', 'grpc-message': 'caf%C3%A9 100%' }));
      stream.end();
    });
    await assert.rejects(call(), failure('already-exists', /^caf%C3%A9 100%$/));
  });

  test('fails with the status of an answer that is headers only', async () => {
    using _server = new Server((stream) =>
      stream.respond({ ...OK, 'grpc-status': '5', 'grpc-message': 'no%20such' }, { endStream: true }),
    );
    await assert.rejects(call(), failure('not-found', /^no such$/));
  });

  test('waits for a server that is not there yet, and no longer than its patience', async () => {
    const early = call({ patienceMs: 5000 });
    await sleep(60);
    using _server = new Server(succeed);
    assert.equal(await early, '9');
    _server[Symbol.dispose]();
    rmSync(path, { force: true });
    await assert.rejects(call({ patienceMs: 30 }), failure('unavailable', /Is it running\?/));
  });

  test('ends at its deadline, and when it is cancelled, before or during', async () => {
    using _server = new Server(() => {});
    await assert.rejects(call({ deadlineMs: 40 }), failure('deadline-exceeded', /in time/));
    await assert.rejects(call({ signal: AbortSignal.timeout(40) }), failure('cancelled', /cancelled/));
    await assert.rejects(call({ signal: AbortSignal.abort() }), failure('cancelled', /cancelled/));
  });

  test('broken during the call is repeated only where the caller allows it', async () => {
    using server = new Server((stream, number) => (number % 2 === 1 ? server.dropConnections() : succeed(stream)));
    await assert.rejects(call(), failure('unavailable', /connection ended/));
    server.calls = 0;
    assert.equal(await call({ retryUnavailable: true }), '9');
    assert.equal(server.calls, 2);
  });

  test('a refused stream was not acted on, and is repeated', async () => {
    using server = new Server((stream, number) => (number === 1 ? stream.close(7) : succeed(stream)));
    assert.equal(await call(), '9');
    assert.equal(server.calls, 2);
  });

  test('an answer without a message, cut short, or not gRPC at all is an error', async () => {
    const answers: ((stream: ServerHttp2Stream) => void)[] = [
      (stream) => {
        stream.respond({ ...OK, 'grpc-status': '0' }, { endStream: true });
      },
      (stream) => {
        stream.respond(OK, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(ANSWER.subarray(0, 6));
      },
      (stream) => {
        stream.respond({ ':status': 404 });
        stream.end('nothing here');
      },
    ];
    using _server = new Server((stream, number) => answers[number - 1]?.(stream));
    await assert.rejects(call(), failure('upstream', /answered by nothing/));
    await assert.rejects(call(), failure('upstream', /cut short/));
    await assert.rejects(call(), failure('unavailable', /HTTP status 404/));
  });

  test('200 calls at once share one connection', async () => {
    using server = new Server((stream) => void setTimeout(() => succeed(stream), 50));
    using channel = new GrpcChannel({ path }, { logger: silentLogger });
    const service = new GrpcService(VersionDefinition, channel);
    const answers = await Promise.all(Array.from({ length: 200 }, () => service.unary('version', {})));
    assert.ok(answers.every(({ version }) => version === '9'));
    assert.equal(server.calls, 200);
  });
});
