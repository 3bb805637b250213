import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Duplex } from 'node:stream';
import { fakeServices } from '../testkit/fake-services.testkit.ts';
import { RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';

const H2C = { Connection: 'Upgrade', Upgrade: 'h2c' };

test('connections for BuildKit are handed over after the upgrade, with what the client sent behind it', async () => {
  const seen: { raw?: readonly string[] } = {};
  const shout = async (connection: Duplex): Promise<void> => {
    for await (const chunk of connection) connection.write(String(chunk).toUpperCase());
  };
  const buildKit = {
    available: true,
    ready: async () => {},
    grpc: shout,
    session: async (connection: Duplex, raw: readonly string[]) => {
      seen.raw = raw;
      await shout(connection);
    },
  };
  await using api = await serve(fakeServices({ buildKit }));
  for (const path of ['/grpc', '/v1.41/session?x=1']) {
    using client = new RawClient(api.path);
    client.send(`${requestText('POST', path, undefined, { ...H2C, 'X-Docker-Expose-Session-Uuid': 'u' })}behind`);
    const head = await client.until('\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n/);
    await client.until('BEHIND');
  }
  assert.ok(seen.raw?.includes('X-Docker-Expose-Session-Uuid'));
});

test('without an upgrade, or to another protocol, there is no connection', async () => {
  await using api = await serve(fakeServices({ buildKit: { available: true, ready: async () => {} } }));
  for (const headers of [{}, { Connection: 'Upgrade', Upgrade: 'tcp' }]) {
    using client = new RawClient(api.path);
    client.send(requestText('POST', '/grpc', undefined, headers));
    assert.match(await client.until("h2c', as"), /^HTTP\/1.1 400 [^]*expects 'Upgrade: h2c'/);
  }
});

test('an offer of HTTP/2 with any other request is not taken up', async () => {
  await using api = await serve(fakeServices());
  using client = new RawClient(api.path);
  client.send(requestText('GET', '/_ping', undefined, H2C));
  assert.match(await client.until('\r\n\r\nOK'), /^HTTP\/1.1 200 OK[^]*Builder-Version: 1\r\n/);
});
