import type { ByteString } from './bytes.ts';
import { BLOCK } from './tar-header.ts';

/** The entry of an empty regular file, owned by root; preceded by an extended header where the name is long. */
export function fileHeader(name: ByteString): Buffer {
  const plain = headerBlock(name.slice(0, 100), '0', 0);
  return name.length <= 100 ? plain : Buffer.concat([paxEntry(new Map([['path', name]])), plain]);
}

/** An extended header (pax) with these records, its content included. */
export function paxEntry(records: ReadonlyMap<string, ByteString>): Buffer {
  const body = Buffer.concat([...records].map(([key, value]) => paxRecord(`${key}=`, value)));
  const fill = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  return Buffer.concat([headerBlock('PaxHeaders/x', 'x', body.length), body, fill]);
}

function paxRecord(key: string, value: ByteString): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}`, 'utf8'), Buffer.from(value, 'latin1'), Buffer.from('\n')]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function headerBlock(name: ByteString, typeFlag: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): number =>
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  block.write(name, 0, 'latin1');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148, 'latin1');
  block.write(typeFlag, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(0, 329, 8);
  octal(0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 7);
  return block;
}
