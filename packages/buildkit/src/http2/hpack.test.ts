/** Header blocks: the examples of RFC 7541, and whatever Node's own HTTP/2 (nghttp2) makes. */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { encodeSettings, FLAG, FRAME, FrameSplitter, PREFACE } from './frames.ts';
import { encodeLiterals, type Header, HpackDecoder } from './hpack.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('the requests of appendix C.4, with Huffman coding and a table that fills', () => {
  const decoder = new HpackDecoder();
  const common: Header[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ];
  assert.deepEqual(decoder.decode(hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff')), common);
  assert.deepEqual(decoder.decode(hex('8286 84be 5886 a8eb 1064 9cbf')), [...common, ['cache-control', 'no-cache']]);
  assert.deepEqual(decoder.decode(hex('8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf')), [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ]);
});

test('literals are read by any decoder, and leave its table as it was', () => {
  const decoder = new HpackDecoder();
  decoder.decode(hex('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'));
  const headers: Header[] = [
    [':status', '200'],
    ['short', ''],
    ['long', 'x'.repeat(126)],
    ['longer', 'y'.repeat(127)],
    ['longest', 'z'.repeat(30_000)],
  ];
  assert.deepEqual(decoder.decode(encodeLiterals(headers)), headers);
  assert.deepEqual(decoder.decode(hex('be')), [[':authority', 'www.example.com']]);
  assert.throws(() => decoder.decode(hex('bf')), /index 63 is not in the table/);
});

test('what breaks the rules is refused, and never read past its end', () => {
  const wrong = {
    'index 0': '80',
    'an index of nothing': 'ff 80 80 80 01',
    'a number without end': 'ff ff ff ff ff ff',
    'a text that is cut off': '00 05 61 62',
    'a name without a value': '00 01 61',
    'a table larger than allowed': '3f e2 1f',
    'padding that is no end of string': '00 81 18 01 61',
    'padding of a whole byte': '00 82 1f ff 01 61',
    'an end of string': '00 84 ff ff ff ff 01 61',
  };
  for (const [what, block] of Object.entries(wrong)) {
    assert.throws(() => new HpackDecoder().decode(hex(block)), /headers is malformed/, what);
  }
  const decoder = new HpackDecoder();
  decoder.allow(65_536);
  assert.deepEqual(decoder.decode(hex('3f e1 1f 82')), [[':method', 'GET']]);
});

test('a thousand requests of Node’s own client, of which many headers come again', async () => {
  const pool = Array.from({ length: 60 }, (_, at): Header => {
    const value = randomBytes(randomInt(1, 400))
      .toString('latin1')
      .replaceAll(/[^\x21-\x7e]/g, '~');
    return [`x-${at}-${'n'.repeat(randomInt(1, 60))}`, value];
  });
  const wanted: Header[][] = [];
  const found: Header[][] = [];
  const all = Promise.withResolvers<void>();
  const decoder = new HpackDecoder();
  const server = createServer((socket) => {
    const splitter = new FrameSplitter(PREFACE);
    socket.on('error', () => {});
    socket.write(encodeSettings());
    socket.on('data', (chunk: Buffer) => {
      for (const { type, flags, payload } of splitter.push(chunk)) {
        if (type === FRAME.SETTINGS && !(flags & FLAG.ACK)) socket.write(hex('000000 04 01 00000000'));
        if (type === FRAME.HEADERS) found.push(decoder.decode(payload));
      }
      if (found.length === 1000) all.resolve();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    peerMaxConcurrentStreams: 2000,
  });
  client.on('error', () => {});
  for (let request = 0; request < 1000; request += 1) {
    const extra = Array.from({ length: randomInt(0, 6) }, () => pool[randomInt(pool.length)] as Header);
    const headers = Object.fromEntries<string>([[':path', `/call/${randomInt(40)}`], [':method', 'POST'], ...extra]);
    wanted.push(Object.entries(headers).map(([name, value]): Header => [name, value]));
    client.request(headers).on('error', () => {});
  }
  await all.promise;
  client.destroy();
  server.close();
  const own = (headers: readonly Header[]): Header[] =>
    headers.filter(([name]) => name !== ':authority' && name !== ':scheme').toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [at, headers] of wanted.entries()) assert.deepEqual(own(found[at] as Header[]), own(headers));
});
