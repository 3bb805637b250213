import { renameSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { PouchError } from '@pouch/base';
import { at, type ByteString } from './bytes.ts';
import { runHelper } from './helper-programs.ts';
import type { TarEntry } from './tar-header.ts';

const LETTERS: Readonly<Partial<Record<TarEntry['type'], string>>> = { character: 'c', block: 'b', fifo: 'p' };

/**
 * Make a device node or FIFO in an open directory. Node has no mknod(2); mknod(1) makes it under a name of our own and
 * never follows a symlink in the last component; rename(2) gives it its name, which may be bytes that are no text.
 */
export function makeSpecialNode(directory: number, name: ByteString, entry: TarEntry): void {
  const temporary = `.pouch-${randomBytes(9).toString('hex')}`;
  const device = entry.type === 'fifo' ? [] : [String(entry.deviceMajor), String(entry.deviceMinor)];
  const args = ['-m', '600', `/proc/self/fd/3/${temporary}`, LETTERS[entry.type] ?? 'p', ...device];
  const complaint = runHelper('mknod', args, [directory]);
  if (complaint !== undefined) throw new PouchError('permission-denied', `Cannot make a special file: ${complaint}`);
  renameSync(at(directory, temporary), at(directory, name));
}
