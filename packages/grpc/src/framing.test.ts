import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { FrameDecoder, frame } from './framing.ts';

test('messages come out whole, however the bytes are cut', () => {
  const messages = [Buffer.alloc(0), Buffer.from('one'), Buffer.alloc(70_000, 7)];
  const wire = Buffer.concat(messages.map((message) => frame(message)));
  for (const step of [1, 2, 3, 5, 7, 1000, wire.length]) {
    const decoder = new FrameDecoder();
    const out: Uint8Array[] = [];
    for (let at = 0; at < wire.length; at += step) out.push(...decoder.push(wire.subarray(at, at + step)));
    assert.equal(out.length, 3);
    for (const [index, message] of out.entries()) assert.ok(Buffer.from(message).equals(messages[index] as Buffer));
    assert.equal(decoder.isPartial, false);
  }
});

test('a message cut short is noticed', () => {
  const decoder = new FrameDecoder();
  decoder.push(frame(Buffer.from('whole')).subarray(0, 7));
  assert.equal(decoder.isPartial, true);
});

test('a compressed or giant message is refused before it is collected', () => {
  for (const head of [
    [1, 0, 0, 0, 1],
    [0, 0xff, 0xff, 0xff, 0xff],
  ]) {
    assert.throws(
      () => new FrameDecoder().push(Buffer.from(head)),
      (error) => isErrorCode(error, 'upstream'),
    );
  }
});
