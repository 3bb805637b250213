import { gzipSync } from 'node:zlib';
import { type HostileCase, LONG, refused } from './hostile-case.ts';
import { pax, tar, tarHeader, type TarEntry } from './tar-bytes.ts';

const TYPE = { 'Content-Type': 'application/x-tar' };
const BODY = Buffer.alloc(1000, 'x');
/** Base-256 notation of a negative number. */
const NEGATIVE = Buffer.alloc(12, 0xff);
const ENORMOUS = Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

function copy(name: string, body: Buffer, says: RegExp, status = 400): HostileCase {
  return refused(`copied archive: ${name}`, 'PUT /containers/victim/archive?path=/tmp', status, says, body, TYPE);
}

function one(name: string, entry: TarEntry, says: RegExp): HostileCase {
  return copy(name, tar(entry), says);
}

/** Archives that no container takes. */
export const ARCHIVE_CASES: readonly HostileCase[] = [
  copy('no tar at all', Buffer.from('hello'.repeat(1000)), /archive|tar/i),
  copy('cut in a body', tar({ name: 'a', body: BODY }).subarray(0, 700), /archive|tar|end/i),
  copy('cut in a header', tar({ name: 'a', body: BODY }).subarray(0, 300), /archive|tar|end/i),
  copy('a cut gzip', gzipSync(tar({ name: 'a', body: BODY })).subarray(0, 40), /gzip|archive|end|decompress/i),
  copy(
    'gzip’s magic and nothing',
    Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]),
    /gzip|archive|decompress/i,
  ),
  copy(
    'zstd’s magic and nothing',
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3, 4, 5, 6, 7, 8]),
    /zstd|archive|decompress/i,
  ),
  one('a wrong checksum', { name: 'a', body: BODY, breakChecksum: true }, /checksum|header/i),
  one('a size below 0', { name: 'a', body: BODY, size: NEGATIVE }, /size|header|negative|number/i),
  one('a size beyond every disk', { name: 'a', body: BODY, size: ENORMOUS }, /size|header|end|number/i),
  one('a size that is no number', { name: 'a', body: BODY, size: 'zzzzzzzzzzz' }, /size|header|number/i),
  one('a parent directory', { name: '../escaped', body: BODY }, /\.\.\/escaped/),
  one('a parent directory in the middle', { name: 'a/../../../escaped', body: BODY }, /escaped/),
  one('a hard link out', { name: 'passwd', type: '1', link: '../../../../etc/passwd' }, /passwd/),
  one('a hard link to nowhere', { name: 'passwd', type: '1', link: 'nosuch' }, /nosuch/),
  copy('a name of 300 letters', tar(pax({ path: LONG }), { name: 'a' }), /too long/),
  copy('a file below a file', tar({ name: 'f', body: BODY }, { name: 'f/g', body: BODY }), /f/),
  copy('a pax size below 0', tar(pax({ size: '-5' }), { name: 'a', body: BODY }), /size|pax|number/i),
  copy(
    'a pax record of a wrong length',
    tar({ name: 'p', type: 'x', body: '99999 path=x\n' }, { name: 'a' }),
    /pax|header|record/i,
  ),
  copy('a pax header of a gigabyte', tarHeader({ name: 'p', type: 'x', size: '10000000000' }), /extended header/, 413),
  copy(
    'a long name of a gigabyte',
    tarHeader({ name: '././@LongLink', type: 'L', size: '10000000000' }),
    /extended header/,
    413,
  ),
  copy('a path with NUL', tar(pax({ path: 'a\0b' }), { name: 'a', body: BODY }), /NUL|path|name/i),
];
