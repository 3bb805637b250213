import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileMappings, reclaimFilePages, residentFileBytes } from './file-pages.ts';

test('mappings of files are found among those of memory and of the kernel', () => {
  const maps = [
    '00400000-00401000 r--p 00000000 fe:00 1234                               /usr/bin/a name with blanks',
    '01000000-01021000 rw-p 00000000 00:00 0                                  [heap]',
    '7f0000000000-7f0000002000 rw-p 00000000 00:00 0 ',
    '7f0000010000-7f0000013000 r-xp 00001000 fe:00 99                         /lib/libc.so.6 (deleted)',
    '7fff00000000-7fff00002000 r-xp 00000000 00:00 0                          [vdso]',
  ].join('\n');
  assert.deepEqual(fileMappings(maps), [
    { start: 0x400000n, length: 0x1000n },
    { start: 0x7f0000010000n, length: 0x3000n },
  ]);
});

test('a process that is left its program gives most of it back, and goes on', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-pages-'));
  t.after(async () => await rm(directory, { recursive: true }));
  // Nothing else maps this file.
  const program = join(directory, 'node');
  await copyFile(process.execPath, program);
  const child = spawn(program, ['-e', 'process.stdin.on("data", (data) => process.stdout.write(data))']);
  t.after(() => child.kill('SIGKILL'));
  const echo = async (word: string): Promise<void> => {
    child.stdin.write(word);
    assert.equal(String((await once(child.stdout, 'data'))[0]), word);
  };
  await echo('before');
  const pid = child.pid as number;
  const before = await residentFileBytes(pid);
  try {
    await reclaimFilePages(pid);
  } catch (error) {
    if (/process_madvise|pidfd_open/.test(String(error))) return t.skip(`not on this host: ${String(error)}`);
    throw error;
  }
  const after = await residentFileBytes(pid);
  assert.ok(after < before / 2, `${before} bytes before, ${after} after`);
  await echo('after');
});

test('no such process is an error', async () => {
  await assert.rejects(reclaimFilePages(2 ** 22 + 1), /ENOENT/);
});
