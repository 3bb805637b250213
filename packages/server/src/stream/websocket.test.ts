import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachOptions } from '@pouch/engine';
import { EchoSession, fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, parseAnswer, RawClient, requestText, serve } from '../testkit/raw-client.testkit.ts';
import { OPCODE, WebSocketDecoder, webSocketHeader, WebSocketProtocolError } from './websocket-frames.ts';

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  // The example of RFC 6455, section 1.3.
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};
const URL = '/containers/c/attach/ws?stream=1&stdin=1&stdout=1&stderr=1';

/** A client's frame. */
function frame(opcode: number, data: Uint8Array, options: { fin?: boolean } = {}): Buffer {
  const header = webSocketHeader(opcode, data.byteLength);
  if (options.fin === false) header[0] = opcode;
  header[1] = (header[1] as number) | 0x80;
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([header, mask, Buffer.from(data).map((byte, index) => byte ^ (mask[index & 3] as number))]);
}

test('attach through a WebSocket: handshake, echo, ping, fragments, close', async () => {
  const session = new EchoSession();
  await using api = await serve(fakeServices({ containers: { attach: async () => session } }));
  using client = new RawClient(api.path);
  client.send(requestText('GET', URL, undefined, HANDSHAKE));
  assert.match(await client.until('\r\n\r\n'), /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  client.send(frame(OPCODE.binary, Buffer.from('one')));
  await client.until('\x82\x03one');
  client.send(frame(OPCODE.text, Buffer.from('tw'), { fin: false }));
  client.send(frame(OPCODE.ping, Buffer.from('hey')));
  client.send(frame(OPCODE.continuation, Buffer.from('o')));
  await client.until('\x8a\x03hey');
  await client.until('\x82\x01o');
  client.send(frame(OPCODE.close, Buffer.from([3, 232])));
  await client.until('\x88\x02\x03\xe8');
  client.socket.end();
  await client.end();
  while (session.disposed === 0) await sleep(1);
  assert.equal(Buffer.concat(session.received).toString(), 'onetwo');
});

test('clients of old get text, and every stream whatever their query says', async () => {
  const cases = [
    ['1.27', '\x81\x02hi', true],
    ['1.28', '\x82\x02hi', true],
    ['1.41', '\x82\x02hi', true],
    ['1.42', '\x82\x02hi', false],
  ] as const;
  for (const [version, message, all] of cases) {
    const asked: AttachOptions[] = [];
    const session = new EchoSession();
    await using api = await serve(
      fakeServices({
        containers: {
          attach: async (_name, options) => {
            asked.push(options);
            return session;
          },
        },
      }),
    );
    using client = new RawClient(api.path);
    client.send(requestText('GET', `/v${version}/containers/c/attach/ws?stream=1&stdin=1`, undefined, HANDSHAKE));
    await client.until('\r\n\r\n');
    client.send(frame(OPCODE.binary, Buffer.from('hi')));
    await client.until(message);
    client.socket.destroy();
    assert.deepEqual([asked[0]?.stdin, asked[0]?.stdout, asked[0]?.stderr], [true, all, all], version);
  }
});

test('a request that is no handshake gets a 400', async () => {
  await using api = await serve(fakeServices({ containers: { attach: async () => new EchoSession() } }));
  for (const headers of [{}, { ...HANDSHAKE, 'Sec-WebSocket-Version': '8' }, { ...HANDSHAKE, Upgrade: 'tcp' }]) {
    assert.equal(parseAnswer(await exchange(api.path, requestText('GET', URL, undefined, headers))).status, 400);
  }
});

test('frames are understood however they are cut, of every length', () => {
  for (const length of [0, 1, 125, 126, 65535, 65536, 200_000]) {
    const data = Buffer.alloc(length, 0x62);
    const wire = frame(OPCODE.binary, data);
    for (const step of [1, 3, 7, 4096, wire.length]) {
      if (wire.length / step > 10_000) continue;
      const decoder = new WebSocketDecoder();
      const parts: Uint8Array[] = [];
      for (let offset = 0; offset < wire.length; offset += step) {
        for (const piece of decoder.decode(wire.subarray(offset, offset + step))) parts.push(piece.data);
      }
      assert.ok(Buffer.concat(parts).equals(data), `${length} bytes in steps of ${step}`);
    }
  }
});

test('what the protocol forbids is refused', () => {
  const wrong: [string, Buffer][] = [
    ['unmasked', Buffer.from([0x82, 1, 0x61])],
    ['reserved bits', Buffer.from([0xf2, 0x80, 0, 0, 0, 0])],
    ['unknown opcode', frame(5, Buffer.alloc(0))],
    ['long control frame', frame(OPCODE.ping, Buffer.alloc(126))],
    ['control frame in fragments', frame(OPCODE.ping, Buffer.alloc(0), { fin: false })],
    ['continuation of nothing', frame(OPCODE.continuation, Buffer.alloc(1))],
    ['length beyond all bounds', Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])],
  ];
  for (const [name, bytes] of wrong) {
    assert.throws(() => [...new WebSocketDecoder().decode(bytes)], WebSocketProtocolError, name);
  }
});
