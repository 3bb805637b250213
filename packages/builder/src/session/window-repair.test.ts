import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WindowRepair } from './window-repair.ts';

function frame(type: number, stream: number, payload: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function settings(window: number): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(4, 0);
  payload.writeUInt32BE(window, 2);
  return frame(4, 0, payload);
}

function update(stream: number, growth: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(growth, 0);
  return frame(8, stream, payload);
}

test('streams that are open get what larger settings give them, however the bytes are cut', () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const before = [
    preface,
    settings(65_535),
    frame(1, 1, Buffer.alloc(30)),
    frame(0, 1, Buffer.from('\x00\x00\x06\x04data')),
  ];
  const more = [frame(4, 0, Buffer.alloc(0), 1), frame(1, 3, Buffer.alloc(5)), settings(100_000)];
  const after = [settings(90_000), settings(100_001), frame(6, 0, Buffer.alloc(8))];
  const wanted = Buffer.concat([
    ...before,
    ...more,
    update(1, 34_465),
    update(3, 34_465),
    after[0] as Buffer,
    after[1] as Buffer,
    update(1, 10_001),
    update(3, 10_001),
    after[2] as Buffer,
  ]);
  const all = Buffer.concat([...before, ...more, ...after]);
  for (const size of [1, 2, 7, 10, all.length]) {
    const repair = new WindowRepair();
    const out: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) out.push(repair.take(all.subarray(at, at + size)));
    assert.deepEqual(Buffer.concat(out), wanted, String(size));
  }
});
