import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { encodeFrame, FrameDecoder, frameHeader, type StreamType } from './stream.ts';

function collect(chunks: readonly Uint8Array[]): [StreamType, string][] {
  const decoder = new FrameDecoder();
  const out: [StreamType, string][] = [];
  for (const chunk of chunks) {
    for (const { type, data } of decoder.decode(chunk)) {
      const last = out.at(-1);
      if (last?.[0] === type) last[1] += Buffer.from(data).toString();
      else out.push([type, Buffer.from(data).toString()]);
    }
  }
  decoder.end();
  return out;
}

test('a header is type, zeros and length', () => {
  assert.equal(frameHeader('stderr', 0x01020304).toString('hex'), '0200000001020304');
});

test('frames survive any way of cutting', () => {
  const whole = Buffer.concat([
    encodeFrame('stdout', Buffer.from('hello ')),
    encodeFrame('stderr', Buffer.from('')),
    encodeFrame('stdout', Buffer.from('world')),
    encodeFrame('stderr', Buffer.from('x'.repeat(300))),
    encodeFrame('system', Buffer.from('!')),
  ]);
  const expected = [
    ['stdout', 'hello world'],
    ['stderr', 'x'.repeat(300)],
    ['system', '!'],
  ];
  for (let size = 1; size <= whole.length; size += 1) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) chunks.push(whole.subarray(at, at + size));
    assert.deepEqual(collect(chunks), expected, `chunks of ${size}`);
  }
});

test('garbage, giants and stumps are refused', () => {
  const refused = (bytes: Uint8Array): void =>
    assert.throws(
      () => collect([bytes]),
      (error) => isErrorCode(error, 'upstream'),
    );
  refused(Buffer.from('HTTP/1.1 200 OK'));
  refused(Buffer.from('0900000000000000', 'hex'));
  refused(Buffer.from('0100000100000000', 'hex'));
  refused(Buffer.from('01000000ffffffff', 'hex'));
  refused(Buffer.from('010000', 'hex'));
  refused(encodeFrame('stdout', Buffer.from('abc')).subarray(0, 10));
});
