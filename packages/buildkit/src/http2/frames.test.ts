import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_FRAME_SIZE, encodeFrame, FLAG, FRAME, FrameSplitter, PREFACE, resetStream } from './frames.ts';

const data = encodeFrame(FRAME.DATA, FLAG.END_STREAM, 7, Buffer.from('hello'));
const head = encodeFrame(FRAME.HEADERS, FLAG.NONE, 9, Buffer.from('one '));
const more = encodeFrame(FRAME.CONTINUATION, FLAG.NONE, 9, Buffer.from('two '));
const last = encodeFrame(FRAME.CONTINUATION, FLAG.END_HEADERS, 9, Buffer.from('three'));

test('frames are the same wherever the bytes are cut, and a header block is one', () => {
  const wire = Buffer.concat([PREFACE, data, head, more, last, resetStream(7, 8)]);
  for (let cut = 0; cut <= wire.length; cut += 1) {
    const splitter = new FrameSplitter(PREFACE);
    const frames = [...splitter.push(wire.subarray(0, cut)), ...splitter.push(wire.subarray(cut))];
    assert.deepEqual(
      frames.map(({ type, stream, payload }) => [type, stream, payload.toString('latin1')]),
      [
        [FRAME.DATA, 7, 'hello'],
        [FRAME.HEADERS, 9, 'one two three'],
        [FRAME.RST_STREAM, 7, '\0\0\0\b'],
      ],
    );
    assert.deepEqual(Buffer.concat(frames.map(({ bytes }) => bytes)), wire.subarray(PREFACE.length));
  }
});

test('padding and priority are no payload, and padding counts for the windows', () => {
  const padded = encodeFrame(FRAME.DATA, FLAG.PADDED, 1, Buffer.from('\x03abc\0\0\0', 'latin1'));
  const flags = FLAG.PADDED | FLAG.PRIORITY | FLAG.END_HEADERS;
  const headers = encodeFrame(FRAME.HEADERS, flags, 1, Buffer.from('\x02\0\0\0\0\x10block\0\0', 'latin1'));
  const frames = new FrameSplitter().push(Buffer.concat([padded, headers]));
  assert.deepEqual(
    frames.map(({ payload, flowSize }) => [payload.toString(), flowSize]),
    [
      ['abc', 7],
      ['block', 13],
    ],
  );
});

test('what breaks the protocol is refused', () => {
  const big = encodeFrame(FRAME.HEADERS, FLAG.NONE, 9, Buffer.alloc(DEFAULT_FRAME_SIZE));
  const goesOn = encodeFrame(FRAME.CONTINUATION, FLAG.NONE, 9, Buffer.alloc(DEFAULT_FRAME_SIZE));
  const wrong: Record<string, [Buffer, RegExp]> = {
    'another protocol': [Buffer.from('GET / HTTP/1.1\r\n'), /does not begin/],
    'a frame between parts of a block': [Buffer.concat([PREFACE, head, data]), /within a header block/],
    'another block within one': [
      Buffer.concat([PREFACE, head, encodeFrame(FRAME.CONTINUATION, FLAG.END_HEADERS, 11, Buffer.alloc(1))]),
      /within a header block/,
    ],
    'a part of no block': [Buffer.concat([PREFACE, more]), /continues nothing/],
    'a block without end': [
      Buffer.concat([PREFACE, big, ...Array.from({ length: 70 }, () => goesOn)]),
      /headers of more/,
    ],
    'a push': [Buffer.concat([PREFACE, encodeFrame(FRAME.PUSH_PROMISE, FLAG.NONE, 1, Buffer.alloc(8))]), /push/],
    'a short window update': [
      Buffer.concat([PREFACE, encodeFrame(FRAME.WINDOW_UPDATE, FLAG.NONE, 1, Buffer.alloc(3))]),
      /not 4 bytes/,
    ],
    'more padding than there is': [
      Buffer.concat([PREFACE, encodeFrame(FRAME.DATA, FLAG.PADDED, 1, Buffer.of(2, 0))]),
      /more padding/,
    ],
    // Refused by its head, before all of it is there.
    'a frame that is too large': [
      Buffer.concat([PREFACE, Buffer.from('ffffff000000000001', 'hex')]),
      /frame of 16777215/,
    ],
  };
  for (const [what, [bytes, error]] of Object.entries(wrong)) {
    assert.throws(() => new FrameSplitter(PREFACE).push(bytes), error, what);
  }
});
