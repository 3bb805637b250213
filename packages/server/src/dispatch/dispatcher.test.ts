import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, MIN_API_VERSION } from '@pouch/api';
import { createLogger, PouchError } from '@pouch/base';
import { fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, parseAnswer, requestText, serve } from '../testkit/raw-client.testkit.ts';

async function ask(path: string, method: string, url: string, body?: string, headers?: Record<string, string>) {
  return parseAnswer(await exchange(path, requestText(method, url, body, headers)));
}

test('ping answers on any version, with the headers from which clients negotiate', async () => {
  await using api = await serve(fakeServices());
  for (const url of ['/_ping', `/v${MIN_API_VERSION}/_ping`, `/v${API_VERSION}/_ping`, '//_ping', '/_ping/']) {
    const { status, head, body } = await ask(api.path, 'GET', url);
    assert.equal(status, 200, url);
    assert.equal(body, 'OK');
    assert.match(head, new RegExp(`Api-Version: ${API_VERSION}`));
    assert.match(head, /Ostype: linux/);
    assert.match(head, /Docker-Experimental: false/);
    assert.match(head, /Server: Pouch\/0.0.0 \(linux\)/);
  }
  const { status, body } = await ask(api.path, 'HEAD', '/_ping');
  assert.deepEqual([status, body], [200, '']);
});

test('versions outside the range are refused in the words that clients know', async () => {
  await using api = await serve(fakeServices());
  const tooNew = await ask(api.path, 'GET', '/v1.99/containers/json');
  assert.equal(tooNew.status, 400);
  assert.deepEqual(JSON.parse(tooNew.body), {
    message: `client version 1.99 is too new. Maximum supported API version is ${API_VERSION}`,
  });
  assert.match(tooNew.head, /Api-Version:/);
  const tooOld = await ask(api.path, 'GET', '/v1.9/containers/json');
  assert.equal(tooOld.status, 400);
  assert.match(tooOld.body, /client version 1.9 is too old. Minimum supported API version is/);
});

test('unknown pages and methods', async () => {
  await using api = await serve(fakeServices());
  for (const url of ['/nothing', '/v1.41', '/', '/containers', '/v1.x/info', '/containers/a/b/json']) {
    const { status, body } = await ask(api.path, 'GET', url);
    assert.equal(status, 404, url);
    assert.deepEqual(JSON.parse(body), { message: 'page not found' });
  }
  const { status } = await ask(api.path, 'PUT', '/info');
  assert.equal(status, 404);
  assert.equal((await ask(api.path, 'GET', '/containers/%zz/json')).status, 400);
  assert.equal((await ask(api.path, 'GET', '/containers/a%00b/json')).status, 400);
});

test('names with slashes, escaped or not, reach the service', async () => {
  const asked: string[] = [];
  await using api = await serve(
    fakeServices({
      images: {
        history: async (name) => {
          asked.push(name);
          return [];
        },
      },
    }),
  );
  await ask(api.path, 'GET', '/v1.41/images/registry:5000/team/app:1/history');
  await ask(api.path, 'GET', '/images/team%2Fapp@sha256%3Aab/history');
  assert.deepEqual(asked, ['registry:5000/team/app:1', 'team/app@sha256:ab']);
});

test('errors carry their status; surprises are 500 and logged with a stack', async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'error', format: 'json', write: (line) => lines.push(line) });
  await using api = await serve(
    fakeServices({
      logger,
      containers: {
        start: async (name) => {
          if (name === 'gone') throw new PouchError('not-found', 'No such container: gone');
          if (name === 'runs') throw new PouchError('not-modified', 'it runs');
          throw new TypeError('surprise');
        },
      },
    }),
  );
  const gone = await ask(api.path, 'POST', '/containers/gone/start');
  assert.equal(gone.status, 404);
  assert.deepEqual(JSON.parse(gone.body), { message: 'No such container: gone' });
  const runs = await ask(api.path, 'POST', '/containers/runs/start');
  assert.deepEqual([runs.status, runs.body], [304, '']);
  assert.equal(lines.length, 0);
  const bad = await ask(api.path, 'POST', '/containers/bad/start');
  assert.equal(bad.status, 500);
  assert.deepEqual(JSON.parse(bad.body), { message: 'surprise' });
  assert.match(lines[0] ?? '', /dispatcher\.ts/);
});

test('a query parameter that is newer than the client is not heeded', async () => {
  const signals: unknown[] = [];
  await using api = await serve(
    fakeServices({ containers: { stop: async (_, options) => void signals.push(options.signal) } }),
  );
  await ask(api.path, 'POST', '/v1.41/containers/a/stop?signal=INT');
  await ask(api.path, 'POST', '/v1.42/containers/a/stop?signal=INT');
  assert.deepEqual(signals, [undefined, 'INT']);
});

test('what Pouch does not do is answered as Docker outside a swarm does', async () => {
  await using api = await serve(fakeServices());
  for (const url of ['/services', '/v1.41/nodes', '/tasks/x', '/secrets', '/configs', '/swarm']) {
    const { status, body } = await ask(api.path, 'GET', url);
    assert.equal(status, 503, url);
    assert.match(body, /This node is not a swarm manager/);
  }
  assert.deepEqual(JSON.parse((await ask(api.path, 'GET', '/plugins')).body), []);
  assert.equal((await ask(api.path, 'GET', '/plugins/a/b/json')).status, 404);
  for (const url of ['/session', '/grpc', '/swarm/init', '/plugins/pull']) {
    const upgrade = url === '/session' || url === '/grpc' ? { Connection: 'Upgrade', Upgrade: 'h2c' } : {};
    using client = new (await import('../testkit/raw-client.testkit.ts')).RawClient(api.path);
    client.send(requestText('POST', url, '', upgrade));
    assert.equal(parseAnswer(await client.until('message')).status, 501, url);
  }
});

test('unknown fields of a request come back as warnings', async () => {
  await using api = await serve(
    fakeServices({ containers: { create: async () => ({ Id: 'x', Warnings: ['from the engine'] }) } }),
  );
  const { status, body } = await ask(api.path, 'POST', '/containers/create', '{"Image":"a","Imagination":1}');
  assert.equal(status, 201);
  const { Warnings } = JSON.parse(body) as { Warnings: string[] };
  assert.equal(Warnings.length, 2);
  assert.match(Warnings[0] ?? '', /Imagination/);
});

test('the OpenAPI document is served', async () => {
  await using api = await serve(fakeServices());
  const { status, body } = await ask(api.path, 'GET', '/openapi.json');
  assert.equal(status, 200);
  assert.equal((JSON.parse(body) as { openapi: string }).openapi, '3.1.0');
});
