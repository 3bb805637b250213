import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventMessage } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { OutputChunk } from '@pouch/engine';
import { fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, parseAnswer, RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';

/** The body of a chunked answer; throws when its last chunk is missing. */
function unchunk(body: string): string {
  let rest = body;
  let text = '';
  for (;;) {
    const line = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, line), 16);
    if (Number.isNaN(size)) throw new Error('the body is cut short');
    if (size === 0) return text;
    text += rest.slice(line + 2, line + 2 + size);
    rest = rest.slice(line + 2 + size + 2);
  }
}

async function ask(path: string, method: string, url: string, headers: Record<string, string> = {}) {
  const answer = parseAnswer(await exchange(path, requestText(method, url, undefined, headers)));
  return { ...answer, body: answer.head.includes('chunked') ? unchunk(answer.body) : answer.body };
}

const EVENT: EventMessage = {
  Type: 'container',
  Action: 'start',
  Actor: { ID: 'x', Attributes: {} },
  time: 1,
  timeNano: 1,
};

test('events: the head comes at once, one line each, and the source stops when the client goes', async () => {
  const gate = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  await using api = await serve(
    fakeServices({
      events: {
        stream: async function* (_query, signal) {
          signal.addEventListener('abort', () => stopped.resolve());
          await gate.promise;
          yield EVENT;
          await stopped.promise;
        },
      },
    }),
  );
  using client = new RawClient(api.path);
  client.send(requestText('GET', '/v1.52/events'));
  const head = await client.until('\r\n\r\n');
  assert.match(head, /200 OK/);
  assert.match(head, /Content-Type: application\/jsonl/);
  gate.resolve();
  await client.until(`${JSON.stringify(EVENT)}\n`);
  client.socket.destroy();
  await stopped.promise;
});

test('wait sends its head first, the result later; a client that goes cancels it', async () => {
  const result = Promise.withResolvers<{ StatusCode: number }>();
  let signal: AbortSignal | undefined;
  await using api = await serve(
    fakeServices({
      containers: {
        wait: (name, condition, given) => {
          if (name === 'gone') throw new PouchError('not-found', 'No such container: gone');
          assert.equal(condition, 'next-exit');
          signal = given;
          return { result: result.promise };
        },
      },
    }),
  );
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/v1.41/containers/c/wait?condition=next-exit'));
  await client.until('\r\n\r\n');
  using leaver = new RawClient(api.path);
  leaver.send(requestText('POST', '/v1.41/containers/c/wait?condition=next-exit'));
  await leaver.until('\r\n\r\n');
  const lastSignal = signal as AbortSignal;
  leaver.socket.destroy();
  while (!lastSignal.aborted) await sleep(1);
  result.resolve({ StatusCode: 7 });
  assert.match(await client.end(), /\{"StatusCode":7\}/);
  assert.equal((await ask(api.path, 'POST', '/containers/gone/wait')).status, 404);
  assert.equal((await ask(api.path, 'POST', '/containers/c/wait?condition=maybe')).status, 400);
});

test('an error before the first progress is a status; after it, the last line of the stream', async () => {
  await using api = await serve(
    fakeServices({
      images: {
        pull: async (reference, { onProgress, auth }) => {
          if (reference === 'none:1') throw new PouchError('not-found', 'manifest unknown');
          onProgress?.({ status: `Pulling as ${auth?.username}` });
          throw new PouchError('upstream', 'the registry went away');
        },
      },
    }),
  );
  const none = await ask(api.path, 'POST', '/images/create?fromImage=none&tag=1');
  assert.equal(none.status, 404);
  assert.match(none.body, /manifest unknown/);
  const auth = Buffer.from(JSON.stringify({ username: 'ann', password: 'x' })).toString('base64url');
  const broken = await ask(api.path, 'POST', '/images/create?fromImage=a&tag=1', { 'X-Registry-Auth': auth });
  assert.equal(broken.status, 200);
  const lines = broken.body
    .trimEnd()
    .split('\r\n')
    .map((line): unknown => JSON.parse(line));
  assert.deepEqual(lines, [
    { status: 'Pulling as ann' },
    { errorDetail: { message: 'the registry went away' }, error: 'the registry went away' },
  ]);
});

test('credentials that cannot be read count as none', async () => {
  const seen: unknown[] = [];
  await using api = await serve(fakeServices({ images: { pull: async (_, { auth }) => void seen.push(auth) } }));
  for (const value of ['', '!!', 'e30=', 'bnVsbA==', Buffer.from('{"username":"a"}').toString('base64')]) {
    await ask(api.path, 'POST', '/images/create?fromImage=a', { 'X-Registry-Auth': value });
  }
  assert.deepEqual(seen, [undefined, undefined, undefined, undefined, { username: 'a' }]);
});

test('a tar stream that breaks does not look whole', async () => {
  await using api = await serve(
    fakeServices({
      images: {
        save: async function* (names) {
          if (names[0] === 'none') throw new PouchError('not-found', 'No such image: none');
          yield Buffer.from('half');
          throw new PouchError('data-loss', 'a layer is broken');
        },
      },
    }),
  );
  assert.equal((await ask(api.path, 'GET', '/images/none/get')).status, 404);
  await assert.rejects(ask(api.path, 'GET', '/images/a/get'), /cut short/);
});

test('logs: framed without a terminal, raw with one; a slow reader holds them back', async () => {
  let produced = 0;
  const chunk = Buffer.alloc(65536, 0x61);
  const total = 32 * 1024 * 1024;
  const output = async function* (bytes: number): AsyncGenerator<OutputChunk> {
    for (produced = 0; produced < bytes; produced += chunk.length) yield { stream: 'stdout', data: chunk };
  };
  await using api = await serve(
    fakeServices({
      containers: {
        logs: async (name) => ({ tty: name === 'tty', output: output(name === 'long' ? total : chunk.length) }),
      },
    }),
  );
  assert.equal((await ask(api.path, 'GET', '/containers/c/logs')).status, 400);
  using client = new RawClient(api.path);
  client.socket.pause();
  client.send(requestText('GET', '/containers/long/logs?stdout=1'));
  await sleep(200);
  assert.ok(produced < total / 4);
  client.socket.resume();
  await client.until('multiplexed-stream');
  client.socket.destroy();
  assert.match((await ask(api.path, 'GET', '/containers/tty/logs?stdout=1')).head, /vnd\.docker\.raw-stream/);
  assert.match((await ask(api.path, 'GET', '/v1.41/containers/c/logs?stdout=1')).head, /vnd\.docker\.raw-stream/);
});

test('a HEAD of an archive carries the facts of the file', async () => {
  const stat = { name: 'a', size: 1, mode: 420, mtime: '2026-01-01T00:00:00Z', linkTarget: '' };
  await using api = await serve(fakeServices({ containers: { statPath: async () => stat } }));
  const { head } = await ask(api.path, 'HEAD', '/containers/c/archive?path=/a');
  const value = /X-Docker-Container-Path-Stat: (\S+)/i.exec(head)?.[1] ?? '';
  assert.deepEqual(JSON.parse(Buffer.from(value, 'base64').toString()), stat);
});

test('progress that a slow reader misses is the kind that repeats', async () => {
  await using api = await serve(
    fakeServices({
      images: {
        pull: async (_reference, { onProgress }) => {
          for (let current = 0; current < 100_000; current += 1) {
            onProgress?.({ status: 'Downloading', id: 'layer', progressDetail: { current, total: 100_000 } });
          }
          onProgress?.({ status: 'Download complete', id: 'layer' });
        },
      },
    }),
  );
  const { body } = await ask(api.path, 'POST', '/images/create?fromImage=a&tag=1');
  const lines = body.trimEnd().split('\r\n');
  assert.ok(lines.length < 50_000);
  assert.match(lines.at(-1) ?? '', /Download complete/);
});
