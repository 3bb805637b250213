/** Tar files as no tar program writes them. */
export interface TarEntry {
  readonly name: string;
  readonly type?: string;
  readonly link?: string;
  readonly body?: Buffer | string;
  /** What stands in the size field instead of the body's length. */
  readonly size?: string | Buffer;
  readonly mode?: string;
  readonly device?: readonly [major: number, minor: number];
  readonly breakChecksum?: boolean;
}

const BLOCK = 512;

/** One header block (POSIX ustar). */
export function tarHeader(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const body = Buffer.from(entry.body ?? '');
  block.write(entry.name, 0, 100);
  block.write(entry.mode ?? '0000644', 100);
  block.write('0000000', 108);
  block.write('0000000', 116);
  if (Buffer.isBuffer(entry.size)) entry.size.copy(block, 124);
  else block.write(entry.size ?? body.length.toString(8).padStart(11, '0'), 124);
  block.write('00000000000', 136);
  block.write(entry.type ?? '0', 156);
  block.write(entry.link ?? '', 157, 100);
  block.write('ustar\u000000', 257);
  const [major, minor] = entry.device ?? [0, 0];
  block.write(major.toString(8).padStart(7, '0'), 329);
  block.write(minor.toString(8).padStart(7, '0'), 337);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, entry.breakChecksum ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A whole archive with its end. */
export function tar(...entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const body = Buffer.from(entry.body ?? '');
    return [tarHeader(entry), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** A pax header (POSIX) for the entry that follows it. */
export function pax(records: Readonly<Record<string, string>>): TarEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest) + 1;
    while (String(length).length + Buffer.byteLength(rest) !== length)
      length = String(length).length + Buffer.byteLength(rest);
    return `${length}${rest}`;
  });
  return { name: 'pax', type: 'x', body: lines.join('') };
}
