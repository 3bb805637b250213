import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { API_VERSION as SERVER_VERSION } from '@pouch/api';
import { isErrorCode } from '@pouch/base';
import { jsonLines } from './json-stream.ts';
import { demultiplex } from './stdcopy.ts';
import { Transport } from './transport.ts';
import { API_VERSION } from './version.ts';

const directory = mkdtempSync(join(tmpdir(), 'pouch-client-'));
after(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;

/** A server that answers each connection by hand. */
async function serve(
  onRequest: (text: string, socket: Socket) => void,
): Promise<Disposable & { transport: Transport; connections(): number }> {
  const path = join(directory, `${++count}.sock`);
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections += 1;
    socket.on('error', () => {});
    socket.on('data', (chunk) => onRequest(chunk.toString('latin1'), socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const transport = new Transport({ endpoint: { kind: 'unix', host: `unix://${path}`, path } });
  return {
    transport,
    connections: () => connections,
    [Symbol.dispose]: () => {
      transport[Symbol.dispose]();
      server.close();
    },
  };
}

const ok = (body: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('the client speaks the version of the contract', () => {
  assert.equal(API_VERSION, SERVER_VERSION);
});

test('requests share a kept-alive connection', async () => {
  using server = await serve((_, socket) => void socket.write(ok('{"a":1}')));
  assert.deepEqual(await server.transport.json({ method: 'GET', path: '/x' }), { a: 1 });
  assert.deepEqual(await server.transport.json({ method: 'GET', path: '/x' }), { a: 1 });
  assert.equal(server.connections(), 1);
});

test('chunks may be split anywhere, and trailers are skipped', async () => {
  const answer =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n{"a"\r\n5\r\n:"b"}\r\n0\r\nX: y\r\n\r\n';
  using server = await serve((_, socket) => {
    for (const [index, char] of answer.split('').entries()) setTimeout(() => socket.write(char), index);
  });
  assert.deepEqual(await server.transport.json({ method: 'GET', path: '/x' }), { a: 'b' });
});

test('an older daemon is asked again in its own version', async () => {
  const seen: string[] = [];
  using server = await serve((text, socket) => {
    const target = text.split(' ')[1] as string;
    seen.push(target);
    const body = '{"message":"client version 1.56 is too new. Maximum supported API version is 1.41"}';
    socket.write(
      target.startsWith('/v1.41') ? ok('{}') : `HTTP/1.1 400 Bad\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
  await server.transport.json({ method: 'GET', path: '/info' });
  assert.deepEqual(seen, [`/v${API_VERSION}/info`, '/v1.41/info']);
});

test("a daemon's error keeps its message and gets the code of its status", async () => {
  const body = '{"message":"No such container: x"}';
  using server = await serve(
    (_, socket) => void socket.write(`HTTP/1.1 404 N\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  );
  await assert.rejects(server.transport.json({ method: 'GET', path: '/x' }), (error) => {
    assert.ok(isErrorCode(error, 'not-found'));
    assert.equal(error.message, 'No such container: x');
    return true;
  });
});

test('a connection that the daemon closed while idle is replaced', async () => {
  let first = true;
  using server = await serve((_, socket) => {
    socket.write(ok('{}'));
    if (first) socket.end();
    first = false;
  });
  await server.transport.json({ method: 'GET', path: '/x' });
  await server.transport.json({ method: 'GET', path: '/x' });
  assert.equal(server.connections(), 2);
});

test('an answer cut short is an error', async () => {
  using server = await serve((_, socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'));
  await assert.rejects(server.transport.json({ method: 'GET', path: '/x' }), /closed the connection/);
});

test('what is no HTTP is said to be none', async () => {
  using server = await serve((_, socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n'));
  await assert.rejects(server.transport.json({ method: 'GET', path: '/x' }), /not HTTP/);
});

test('nobody listening says what to do', async () => {
  const path = join(directory, 'nothing.sock');
  using transport = new Transport({ endpoint: { kind: 'unix', host: `unix://${path}`, path } });
  await assert.rejects(transport.json({ method: 'GET', path: '/x' }), /Is pouchd running\?\nStart it/);
});

test('a taken-over connection carries early bytes, and output after our end', async () => {
  let input = '';
  using server = await serve((text, socket) => {
    if (text.startsWith('POST')) {
      assert.match(text, /Upgrade: tcp/);
      socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: a/b\r\n\r\nearly ');
      socket.once('end', () => socket.end(`got ${input.length}`));
    } else input += text;
  });
  const stream = await server.transport.hijack({ method: 'POST', path: '/attach' });
  assert.equal(stream.contentType, 'a/b');
  for (let round = 0; round < 50; round += 1) await stream.write(new Uint8Array(100_000).fill(97));
  stream.endWrite();
  let output = '';
  for await (const chunk of stream.output) output += Buffer.from(chunk).toString();
  assert.equal(output, 'early got 5000000');
});

test('a stream that is slowly read holds the sender back', async () => {
  let sent = 0;
  using server = await serve((_, socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    const block = Buffer.alloc(65536);
    const go = (): void => {
      while (sent < 50e6) {
        sent += block.length;
        if (!socket.write(block)) {
          socket.once('drain', go);
          return;
        }
      }
      socket.end();
    };
    go();
  });
  const response = await server.transport.request({ method: 'GET', path: '/x' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(sent < 10e6, `${sent} bytes were taken unread`);
  let received = 0;
  for await (const chunk of response.body) received += chunk.length;
  assert.equal(received, sent);
});

test('frames are told apart wherever they are cut', async () => {
  const frame = (id: number, text: string): Buffer => {
    const head = Buffer.alloc(8);
    head[0] = id;
    head.writeUInt32BE(text.length, 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame(1, 'out'), frame(2, 'err'), frame(1, ''), frame(1, 'more')]);
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  const got = { stdout: '', stderr: '' };
  await demultiplex(source(), (stream, data) => {
    got[stream] += Buffer.from(data).toString();
  });
  assert.deepEqual(got, { stdout: 'outmore', stderr: 'err' });
});

test('JSON values glued together on a line are taken apart', async () => {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"a":1}{"b":"}{"}\n{"c"');
    yield Buffer.from(':3}');
  }
  const values: unknown[] = [];
  for await (const value of jsonLines(source())) values.push(value);
  assert.deepEqual(values, [{ a: 1 }, { b: '}{' }, { c: 3 }]);
});
