import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get, type RequestOptions } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, isErrorCode, silentLogger } from '@pouch/base';
import { ApiServer } from '../api-server.ts';
import { EchoSession, fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';

async function temporary(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'pouch-server-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('the socket is closed to others, a stale one is replaced, a live one and other files are not', async () => {
  await using directory = await temporary();
  const unix = join(directory.path, 'a', 'api.sock');
  await using first = new ApiServer({ version: '0' }, fakeServices());
  await first.listen({ unix });
  assert.equal((await stat(unix)).mode & 0o777, 0o660);
  await using second = new ApiServer({ version: '0' }, fakeServices());
  await assert.rejects(second.listen({ unix }), (error) => isErrorCode(error, 'conflict'));
  assert.match(await exchange(unix, requestText('GET', '/_ping')), /200 OK/);
  // A daemon that was killed leaves its socket behind.
  const code = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const stale = join(directory.path, 'stale.sock');
  assert.throws(() => execFileSync(process.execPath, ['-e', code, stale], { stdio: 'ignore' }));
  assert.ok((await stat(stale)).isSocket());
  await second.listen({ unix: stale, mode: 0o600 });
  assert.equal((await stat(stale)).mode & 0o777, 0o600);
  const file = join(directory.path, 'file');
  await writeFile(file, 'precious');
  await assert.rejects(second.listen({ unix: file }), (error) => isErrorCode(error, 'conflict'));
  assert.equal(await readFile(file, 'utf8'), 'precious');
  await assert.rejects(second.listen({ unix: `/tmp/${'x'.repeat(200)}` }), /longer than/);
});

test('plain TCP must be asked for, and is warned of', async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'warn', format: 'text', write: (line) => lines.push(line) });
  await using server = new ApiServer({ version: '0' }, fakeServices({ logger }));
  await assert.rejects(server.listen({ host: '127.0.0.1', port: 0 }), /without TLS/);
  const address = await server.listen({ host: '127.0.0.1', port: 0, allowInsecure: true });
  assert.match(address, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  assert.match(lines.join(''), /without TLS/);
  const response = await fetch(`http://${address.slice('tcp://'.length)}/_ping`);
  assert.equal(await response.text(), 'OK');
  const port = Number(address.split(':').at(-1));
  await assert.rejects(server.listen({ host: '127.0.0.1', port, allowInsecure: true }), /another program listens/);
});

/** An authority, a server's certificate, and clients signed by it or by themselves. */
function certificates(directory: string): (name: string) => string {
  const run = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  run('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority');
  for (const name of ['localhost', 'manager', 'intern']) {
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost'];
    run('req', '-x509', ...key, ...signed, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`);
  }
  run('req', '-x509', ...key, '-keyout', 'stranger.key', '-out', 'stranger.pem', '-subj', '/CN=manager');
  return (name) => execFileSync('cat', [join(directory, name)], { encoding: 'utf8' });
}

test('TLS lets in clients with a certificate, and of those only managers', async () => {
  await using directory = await temporary();
  const pem = certificates(directory.path);
  await using server = new ApiServer(
    { version: '0' },
    fakeServices({ containers: { attach: async () => new EchoSession({ tty: true }) } }),
  );
  const address = await server.listen({
    host: '127.0.0.1',
    port: 0,
    tls: {
      certificate: pem('localhost.pem'),
      key: pem('localhost.key'),
      clientAuthority: pem('ca.pem'),
      managerWhitelist: ['manager'],
    },
  });
  const port = Number(address.split(':').at(-1));
  const identity = (name: string): { cert: string; key: string } => ({
    cert: pem(`${name}.pem`),
    key: pem(`${name}.key`),
  });
  const ask = async (client: RequestOptions): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    get({ host: 'localhost', port, path: '/_ping', ca: pem('ca.pem'), agent: false, ...client }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve(`${response.statusCode} ${body.trim()}`));
    }).on('error', reject);
    return await promise;
  };
  assert.equal(await ask(identity('manager')), '200 OK');
  assert.match(await ask(identity('intern')), /^403 .*whitelist/);
  await assert.rejects(ask({}));
  await assert.rejects(ask(identity('stranger')));

  // Half-closing works through TLS, too.
  const connection: ConnectionOptions & { allowHalfOpen: boolean } = {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: pem('ca.pem'),
    allowHalfOpen: true,
    ...identity('manager'),
  };
  const socket = tlsConnect(connection);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
    if (received.endsWith('\r\n\r\n')) socket.end('last words');
  });
  socket.write(
    requestText('POST', '/containers/c/attach?stream=1&stdin=1&stdout=1', undefined, {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
    }),
  );
  await new Promise((resolve) => socket.once('end', resolve));
  assert.match(received, /101 UPGRADED[^]*\r\n\r\nlast words$/);
});

test('closing lets requests finish, and cuts streams that would not end', async () => {
  const slow = Promise.withResolvers<void>();
  let eventsStopped = false;
  await using api = await serve(
    fakeServices({
      logger: silentLogger,
      containers: { start: () => slow.promise, attach: async () => new EchoSession({ keepOpen: true }) },
      events: {
        // oxlint-disable-next-line require-yield -- nothing happens on this host
        stream: async function* (_query, signal) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          eventsStopped = true;
        },
      },
    }),
  );
  using idle = new RawClient(api.path);
  idle.send(requestText('GET', '/_ping', undefined, { Connection: 'keep-alive' }));
  await idle.until('OK');
  using running = new RawClient(api.path);
  running.send(requestText('POST', '/containers/c/start', undefined, { Connection: 'keep-alive' }));
  using events = new RawClient(api.path);
  events.send(requestText('GET', '/events'));
  await events.until('\r\n\r\n');
  using attached = new RawClient(api.path);
  attached.send(
    requestText('POST', '/containers/c/attach?stream=1&stdout=1', undefined, { Connection: 'Upgrade', Upgrade: 'tcp' }),
  );
  await attached.until('101');
  await sleep(20);
  const closed = api.server.close(10_000);
  await idle.end();
  assert.equal(eventsStopped, false);
  slow.resolve();
  assert.match(await running.end(), /204 No Content/);
  await closed;
  await Promise.all([events.end(), attached.end()]);
  assert.ok(eventsStopped);
});

test('closing waits no longer than its deadline', async () => {
  await using api = await serve(fakeServices({ containers: { start: () => new Promise<void>(() => {}) } }));
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/containers/c/start'));
  await sleep(20);
  const before = performance.now();
  await api.server.close(50);
  assert.ok(performance.now() - before < 2000);
  await client.end();
});

test('slow heads are cut; a connection that was never used is closed without a word', async () => {
  await using api = await serve(fakeServices(), { headTimeout: 200 });
  using slow = new RawClient(api.path);
  slow.send('GET /_ping HTTP/1.1\r\nX-');
  using unused = new RawClient(api.path);
  assert.match(await slow.end(), /^HTTP\/1.1 408 /);
  assert.equal(await unused.end(), '');
});

test('what is no HTTP, and heads without bound, are refused', async () => {
  await using api = await serve(fakeServices());
  assert.match(await exchange(api.path, '\x16\x03\x01 hello\r\n\r\n'), /^HTTP\/1.1 400 /);
  assert.match(await exchange(api.path, `GET / HTTP/1.1\r\nX: ${'a'.repeat(200_000)}\r\n\r\n`), /^HTTP\/1.1 431 /);
  assert.match(
    await exchange(api.path, 'POST /auth HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
    /^HTTP\/1.1 400 /,
  );
  assert.match(await exchange(api.path, requestText('GET', '/_ping')), /200 OK/);
});

test('a socket whose backlog nobody serves still counts as somebody', async () => {
  await using directory = await temporary();
  const unix = join(directory.path, 's');
  const other = createServer().listen(unix);
  await sleep(20);
  await using server = new ApiServer({ version: '0' }, fakeServices());
  await assert.rejects(server.listen({ unix }), /another daemon answers/);
  other.close();
});
