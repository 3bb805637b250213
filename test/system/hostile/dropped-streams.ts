import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { sleep } from '@pouch/base';
import type { TestDaemon } from '../../harness/test-daemon.ts';
import { head, rawConnection } from './raw-request.ts';
import { tarHeader } from './tar-bytes.ts';

const JSON_TYPE = 'Content-Type: application/json';
const UPGRADE = ['Connection: Upgrade', 'Upgrade: tcp'];
const TIMES = 4;

/** A registry that takes every request and never answers. */
async function silentRegistry(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(() => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Each kind of long request, cut by its client in the middle, again and again. */
export async function droppedStreams(daemon: TestDaemon): Promise<void> {
  await using registry = await silentRegistry();
  const half = tarHeader({ name: 'half', size: '77777777777' }).toString('latin1') + 'x'.repeat(100_000);
  const bodied = (line: string, body: string, ...more: string[]): string =>
    head(line, 'Host: x', `Content-Length: ${body.length * 2}`, ...more) + body;
  const packed = Object.entries({ gzip: gzipSync, zstd: zstdCompressSync }).flatMap(([form, compress]) => {
    const bytes = compress(Buffer.concat([Buffer.from(half, 'latin1'), randomBytes(300_000)])).toString('latin1');
    return Object.entries({
      load: 'POST /images/load',
      import: 'POST /images/create?fromSrc=-',
      put: 'PUT /containers/noisy/archive?path=/tmp',
    }).map(([what, line]) => [`${what} ${form}`, bodied(`${line} HTTP/1.1`, bytes, 'Content-Type: application/x-tar')]);
  });
  const requests: Record<string, string | (() => Promise<string>)> = {
    create: bodied('POST /containers/create HTTP/1.1', '{"Image":"busybox",', JSON_TYPE),
    pull: head(
      `POST /images/create?fromImage=127.0.0.1:${registry.port}/x&tag=y HTTP/1.1`,
      'Host: x',
      'Content-Length: 0',
    ),
    push: head(`POST /images/127.0.0.1:${registry.port}/x/push?tag=y HTTP/1.1`, 'Host: x', 'Content-Length: 0'),
    import: bodied('POST /images/create?fromSrc=- HTTP/1.1', half, 'Content-Type: application/x-tar'),
    load: bodied('POST /images/load HTTP/1.1', half, 'Content-Type: application/x-tar'),
    put: bodied('PUT /containers/noisy/archive?path=/tmp HTTP/1.1', half, 'Content-Type: application/x-tar'),
    ...Object.fromEntries(packed),
    attach: head('POST /containers/noisy/attach?stream=1&stdout=1&stdin=1 HTTP/1.1', 'Host: x', ...UPGRADE),
    'plain attach': head('POST /containers/noisy/attach?stream=1&stdout=1 HTTP/1.1', 'Host: x', 'Content-Length: 0'),
    websocket: head(
      'GET /containers/noisy/attach/ws?stream=1&stdout=1&stdin=1 HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
    logs: head('GET /containers/noisy/logs?stdout=1&follow=1 HTTP/1.1', 'Host: x'),
    events: head('GET /events HTTP/1.1', 'Host: x'),
    stats: head('GET /containers/noisy/stats HTTP/1.1', 'Host: x'),
    'copy out': head('GET /containers/noisy/archive?path=/big HTTP/1.1', 'Host: x'),
    export: head('GET /containers/noisy/export HTTP/1.1', 'Host: x'),
    save: head('GET /images/busybox/get HTTP/1.1', 'Host: x'),
    wait: head('POST /containers/noisy/wait HTTP/1.1', 'Host: x', 'Content-Length: 0'),
    exec: async () => {
      const command = { Cmd: ['sh', '-c', 'yes | head -c 300000'], AttachStdout: true, AttachStdin: true };
      const { Id } = (await daemon.ok('POST', '/containers/noisy/exec', command)).json as { Id: string };
      return head(`POST /exec/${Id}/start HTTP/1.1`, 'Host: x', JSON_TYPE, 'Content-Length: 2', ...UPGRADE) + '{}';
    },
  };
  for (let time = 0; time < TIMES; time += 1) {
    for (const request of Object.values(requests)) {
      const socket = await rawConnection(daemon.socket);
      socket.write(typeof request === 'string' ? request : await request(), 'latin1');
      await Promise.race([once(socket, 'data').catch(() => {}), sleep(20 + Math.random() * 100)]);
      socket.destroy();
    }
  }
  assert.equal((await daemon.api('GET', '/_ping')).status, 200);
}

/** Frames that no WebSocket may send (RFC 6455, section 5). Each ends the connection; the container goes on. */
export async function webSocketGarbage(daemon: TestDaemon): Promise<void> {
  const handshake = head(
    'GET /containers/noisy/attach/ws?stream=1&stdout=1&stdin=1 HTTP/1.1',
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  );
  const frames = {
    'not masked': '820161',
    'a reserved opcode': '838100000000aa',
    'reserved bits': 'f28100000000aa',
    'a length of 2^63': '82ffffffffffffffffff00000000',
    'a length below 0': '82ff800000000000000000000000',
    'a ping in pieces': '098100000000aa',
    'a ping of 200 bytes': `89fe00c800000000${'aa'.repeat(200)}`,
    'a continuation of nothing': '808100000000aa',
    'two beginnings': '028100000000aa028100000000aa',
  };
  for (const [name, hex] of Object.entries(frames)) {
    const socket = await rawConnection(daemon.socket);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(handshake);
    socket.write(Buffer.from(hex, 'hex'));
    const closed = await Promise.race([once(socket, 'close').then(() => true), sleep(20_000).then(() => false)]);
    socket.destroy();
    assert.match(Buffer.concat(chunks).toString('latin1'), /^HTTP\/1\.1 101 /, name);
    assert.ok(closed, `${name}: the connection stayed`);
  }
  const { State } = (await daemon.ok('GET', '/containers/noisy/json')).json as { State: { Running: boolean } };
  assert.equal(State.Running, true);
}
