import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, parseAnswer, RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';
import { JSON_LIMIT } from './request-body.ts';

const services = fakeServices({ containers: { create: async () => ({ Id: 'x', Warnings: [] }) } });

test('bodies that are no JSON object of the right shape get a 400 that says why', async () => {
  await using api = await serve(services);
  const cases: [body: string, type: string, message: RegExp][] = [
    ['', 'application/json', /got EOF/],
    ['{', 'application/json', /invalid JSON/],
    ['{} trailing', 'application/json', /invalid JSON/],
    ['\xff\xfe', 'application/json', /./],
    ['[]', 'application/json', /invalid/],
    ['null', 'application/json', /invalid/],
    ['{"Image":5}', 'application/json', /Image/],
    ['{"Image":"a"}', 'text/plain', /unsupported Content-Type header \(text\/plain\)/],
    [`${'['.repeat(100_000)}`, 'application/json', /invalid JSON/],
    [`{"Labels":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, 'application/json', /invalid/],
  ];
  for (const [body, type, message] of cases) {
    const text = requestText('POST', '/containers/create', body, { 'Content-Type': type });
    const answer = parseAnswer(await exchange(api.path, text));
    assert.equal(answer.status, 400, body.slice(0, 50));
    assert.match((JSON.parse(answer.body) as { message: string }).message, message, body.slice(0, 50));
  }
});

test('a body that is too large is refused before it is read', async () => {
  await using api = await serve(services);
  const headers = { 'Content-Length': String(JSON_LIMIT + 1) };
  using client = new RawClient(api.path);
  client.send(requestText('POST', '/containers/create', '', { ...headers, Connection: 'keep-alive' }));
  const answer = parseAnswer(await client.until('message'));
  assert.equal(answer.status, 413);
});

test('a chunked body that grows too large is refused, and its connection closed', async () => {
  await using api = await serve(services);
  using client = new RawClient(api.path);
  client.send(
    'POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.alloc(65536, 0x20);
  for (let sent = 0; sent <= JSON_LIMIT && !client.text.includes('413'); sent += chunk.length) {
    client.send('10000\r\n').send(chunk).send('\r\n');
    await sleep(1);
  }
  await client.until('413 Payload Too Large');
  await client.end();
});

test('a client that goes away within its body leaves nothing behind', async () => {
  let started = 0;
  await using api = await serve(
    fakeServices({
      containers: {
        putArchive: async (_name, _path, tar) => {
          started += 1;
          for await (const _ of tar);
        },
      },
    }),
  );
  using client = new RawClient(api.path);
  client.send('PUT /containers/a/archive?path=/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf');
  while (started === 0) await sleep(1);
  client.socket.destroy();
  await api.server.close(1000);
});

test('a streamed body waits for its reader', async () => {
  const read = Promise.withResolvers<void>();
  let size = 0;
  await using api = await serve(
    fakeServices({
      containers: {
        putArchive: async (_name, _path, tar) => {
          await read.promise;
          for await (const chunk of tar) size += chunk.byteLength;
        },
      },
    }),
  );
  const total = 16 * 1024 * 1024;
  using client = new RawClient(api.path);
  client.send(`PUT /containers/a/archive?path=/ HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  client.send(Buffer.alloc(total));
  await sleep(100);
  assert.ok(client.socket.writableLength > total / 2, 'the client is held back');
  read.resolve();
  await client.until('200 OK');
  assert.equal(size, total);
});

test('an answer before the end of a streamed body reaches the client, and a trickling body is cut', async () => {
  await using api = await serve(
    fakeServices({
      containers: {
        putArchive: async (_name, _path, tar) => {
          for await (const _ of tar) throw new Error('no space left');
        },
      },
    }),
  );
  using client = new RawClient(api.path);
  client.send('PUT /containers/a/archive?path=/ HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf');
  await client.until('no space left');
  await client.end();
});
