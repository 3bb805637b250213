import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame, FrameDecoder } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { AttachSession } from '@pouch/engine';
import { EchoSession, fakeServices } from '../testkit/fake-services.testkit.ts';
import { RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';

const UPGRADE = { Connection: 'Upgrade', Upgrade: 'tcp' };
const ATTACH = '/v1.41/containers/c/attach?stream=1&stdin=1&stdout=1&stderr=1';

function attaching(session: AttachSession) {
  return fakeServices({
    containers: { attach: async () => session, execStartsWithTty: () => session.tty, execStart: async () => session },
  });
}

/** Standard output and error in what came after the head. */
function framesOf(received: Buffer): { stdout: string; stderr: string } {
  const streams = { stdin: '', stdout: '', stderr: '', system: '' };
  const decoder = new FrameDecoder();
  const start = received.indexOf('\r\n\r\n') + 4;
  for (const { type, data } of decoder.decode(received.subarray(start))) streams[type] += Buffer.from(data).toString();
  decoder.end();
  return streams;
}

test('attach upgrades, frames both streams, and ends after the input was half-closed', async () => {
  const session = new EchoSession();
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.send(requestText('POST', ATTACH, undefined, UPGRADE));
  const head = await client.until('\r\n\r\n');
  assert.match(
    head,
    /^HTTP\/1.1 101 UPGRADED\r\nContent-Type: application\/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/,
  );
  client.send('hello');
  await client.until('hello');
  session.emit('stderr', 'warned');
  await client.until('warned');
  client.socket.end();
  await client.end();
  assert.ok(session.inputEnded);
  assert.deepEqual(framesOf(client.received), { stdin: '', stdout: 'hello', stderr: 'warned', system: '' });
  assert.ok(session.disposed > 0);
});

test('the media type tells frames from a terminal since 1.42', async () => {
  for (const [tty, type] of [
    [false, 'multiplexed-stream'],
    [true, 'raw-stream'],
  ] as const) {
    await using api = await serve(attaching(new EchoSession({ tty })));
    using client = new RawClient(api.path);
    client.send(requestText('POST', ATTACH.replace('41', '42'), undefined, UPGRADE));
    assert.match(await client.until('\r\n\r\n'), new RegExp(`Content-Type: application/vnd.docker.${type}\r\n`));
    client.send('x');
    await client.until(tty ? '\r\n\r\nx' : `\r\n\r\n${encodeFrame('stdout', Buffer.from('x')).toString('latin1')}`);
  }
});

test('the body of an upgrade is taken from the stream, and what follows is input', async () => {
  const body = JSON.stringify({ Detach: false, Tty: false });
  const text = requestText('POST', '/v1.41/exec/e/start', body, UPGRADE);
  // In one piece, with input behind it; then cut at every place that matters.
  for (const pieces of [
    [`${text}input`],
    [text, 'input'],
    [text.slice(0, -5), `${text.slice(-5)}input`],
    Array.from(`${text}input`),
  ]) {
    const session = new EchoSession();
    await using api = await serve(attaching(session));
    using client = new RawClient(api.path);
    for (const piece of pieces) {
      client.send(piece);
      if (pieces.length < 10) await sleep(10);
    }
    await client.until('101');
    client.socket.end();
    await client.end();
    assert.equal(Buffer.concat(session.received).toString(), 'input');
  }
});

test('without an upgrade the answer is a 200, and the connection is raw all the same', async () => {
  for (const [url, body] of [
    [ATTACH, undefined],
    ['/v1.41/exec/e/start', '{}'],
    // Docker names frames only to who asked for an upgrade.
    ['/v1.56/exec/e/start', '{}'],
  ] as const) {
    const session = new EchoSession();
    await using api = await serve(attaching(session));
    using client = new RawClient(api.path);
    client.send(requestText('POST', url, body, { Connection: 'keep-alive' }));
    const head = await client.until('\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 200 OK\r\nContent-Type: application\/vnd.docker.raw-stream\r\n\r\n/);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await client.until('GET / HTTP/1.1');
    client.socket.end();
    await client.end();
    assert.equal(framesOf(client.received).stdout, 'GET / HTTP/1.1\r\n\r\n');
    assert.ok(session.inputEnded);
  }
});

test('options that a client repeats as a body of its attach are no input', async () => {
  const session = new EchoSession();
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.send(requestText('POST', ATTACH, '{"stream":true}', UPGRADE));
  await client.until('\r\n\r\n');
  client.send('typed');
  client.socket.end();
  await client.end();
  assert.equal(framesOf(client.received).stdout, 'typed');
});

test('an exec that cannot be started is refused before the upgrade', async () => {
  const execStartsWithTty = (): boolean => {
    throw new PouchError('conflict', 'exec command e has already run');
  };
  await using api = await serve(fakeServices({ containers: { execStartsWithTty } }));
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/exec/e/start', '{}', UPGRADE));
  assert.match(await client.end(), /^HTTP\/1.1 409 /);
});

test('errors before the upgrade are plain HTTP', async () => {
  const attach = async (): Promise<AttachSession> => {
    throw new PouchError('not-found', 'No such container: c');
  };
  await using api = await serve(fakeServices({ containers: { attach, execStart: attach } }));
  for (const headers of [UPGRADE, { Connection: 'close' }]) {
    using client = new RawClient(api.path);
    client.send(requestText('POST', ATTACH, undefined, headers));
    const answer = await client.end();
    assert.match(answer, /^HTTP\/1.1 404 Not Found\r\n/);
    assert.match(answer, /\{"message":"No such container: c"\}/);
    assert.match(answer, /Api-Version/);
  }
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/exec/e/start', '{"Tty":7}', UPGRADE));
  assert.match(await client.end(), /^HTTP\/1.1 400 /);
  using other = new RawClient(api.path);
  other.send(requestText('GET', '/info', undefined, UPGRADE));
  assert.match(await other.end(), /^HTTP\/1.1 404 /);
});

test('a command that cannot be executed is told on the stream', async () => {
  await using api = await serve(
    fakeServices({
      containers: {
        execStartsWithTty: () => false,
        execStart: async () => {
          throw new PouchError('command-not-found', 'exec: "nope": executable file not found');
        },
      },
    }),
  );
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/exec/e/start', '{}', UPGRADE));
  await client.end();
  assert.equal(framesOf(client.received).stdout, 'exec: "nope": executable file not found\r\n');
});

test('a detached exec is answered at once, and its connection kept', async () => {
  await using api = await serve(fakeServices({ containers: { execStart: async () => undefined } }));
  using client = new RawClient(api.path);
  const text = requestText('POST', '/exec/e/start', '{"Detach":true}', { Connection: 'keep-alive' });
  client.send(text);
  assert.match(await client.until('\r\n\r\n'), /^HTTP\/1.1 200 OK\r\n/);
  client.send(requestText('GET', '/_ping'));
  await client.until('OK\r\n');
  await client.end();
});

test('detaching ends the stream and keeps the process', async () => {
  const session = new EchoSession({ tty: true });
  session.write = async () => {
    session.end();
    throw new PouchError('cancelled', 'detached');
  };
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.send(requestText('POST', ATTACH, undefined, UPGRADE));
  await client.until('\r\n\r\n');
  client.send('\x10\x11');
  await client.end();
  assert.equal(session.inputEnded, false);
});

test('a connection that breaks lets the session go', async () => {
  const session = new EchoSession({ keepOpen: true });
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.send(requestText('POST', ATTACH, undefined, UPGRADE));
  await client.until('\r\n\r\n');
  client.socket.destroy();
  while (session.disposed === 0) {
    session.emit('stdout', 'more');
    await sleep(5);
  }
});

test('a client that does not read holds back the process, and memory stays', async () => {
  let produced = 0;
  const chunk = Buffer.alloc(65536, 0x61);
  const total = 64 * 1024 * 1024;
  const session = Object.assign(new EchoSession({ tty: true }), {
    output: (async function* () {
      for (; produced < total; produced += chunk.length) yield { stream: 'stdout' as const, data: chunk };
    })(),
  });
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.socket.pause();
  client.send(requestText('POST', ATTACH, undefined, UPGRADE));
  await sleep(200);
  assert.ok(produced < 4 * 1024 * 1024, `${produced} bytes were produced for a client that reads nothing`);
  let size = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (data: Buffer) => {
    size += data.length;
  });
  client.socket.resume();
  await client.end();
  assert.ok(size > total);
});

test('a process that does not read holds back the client', async () => {
  const session = new EchoSession({ tty: true });
  const taken = Promise.withResolvers<void>();
  session.write = () => taken.promise;
  await using api = await serve(attaching(session));
  using client = new RawClient(api.path);
  client.send(requestText('POST', ATTACH, undefined, UPGRADE));
  await client.until('\r\n\r\n');
  client.send(Buffer.alloc(8 * 1024 * 1024));
  await sleep(100);
  assert.ok(client.socket.writableLength > 4 * 1024 * 1024);
  taken.resolve();
  client.socket.end();
  await client.end();
  assert.ok(session.inputEnded);
});

test('a connection that other requests share does not become a stream, and those are answered', async () => {
  const session = new EchoSession();
  let version = Promise.withResolvers<never>();
  await using api = await serve({
    ...fakeServices({ system: { version: () => version.promise } }),
    containers: attaching(session).containers,
  });
  const alive = { Connection: 'keep-alive' };
  const slow = requestText('GET', '/version', undefined, alive);
  const attach = requestText('POST', ATTACH, undefined, alive);
  for (const [name, text, expected] of [
    ['behind an unanswered one', slow + attach, [200, 400]],
    ['an upgrade behind an unanswered one', slow + requestText('POST', ATTACH, undefined, UPGRADE), [200, 400]],
    ['an exec behind an unanswered one', slow + requestText('POST', '/exec/e/start', '{}', alive), [200, 400]],
    ['before another', attach + requestText('GET', '/_ping', undefined, alive), [400, 200]],
  ] as const) {
    version = Promise.withResolvers<never>();
    using client = new RawClient(api.path);
    client.send(text);
    await sleep(50);
    version.resolve({} as never);
    const statuses = (): number[] => [...client.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    for (let attempt = 0; attempt < 200 && statuses().length < expected.length; attempt += 1) await sleep(10);
    assert.deepEqual(statuses(), expected, name);
    assert.match(client.text, /use a connection of its own/, name);
  }
  assert.equal(session.disposed, 0, 'no session was opened for them');
});

test('an error is answered in its turn when requests are sent one behind the other', async () => {
  const version = Promise.withResolvers<never>();
  await using api = await serve(fakeServices({ system: { version: () => version.promise } }));
  using client = new RawClient(api.path);
  client.send(
    requestText('GET', '/version', undefined, { Connection: 'keep-alive' }) + requestText('GET', '/nowhere/at/all'),
  );
  await sleep(50);
  version.resolve({} as never);
  assert.match(await client.end(), /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 404 /);
});
