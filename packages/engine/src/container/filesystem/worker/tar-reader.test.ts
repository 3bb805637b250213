import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isErrorCode } from '@pouch/base';
import type { TarEntry } from './tar-header.ts';
import { TarReader } from './tar-reader.ts';

interface Read {
  readonly entry: TarEntry;
  content: Buffer;
}

function read(tar: Uint8Array, step: number): Read[] {
  const entries: Read[] = [];
  const reader = new TarReader({
    begin: (entry) => void entries.push({ entry, content: Buffer.alloc(0) }),
    data: (bytes, offset) => {
      const last = entries.at(-1) as Read;
      assert.equal(offset, last.content.length);
      last.content = Buffer.concat([last.content, bytes]);
    },
    end: () => {},
  });
  for (let start = 0; start < tar.length; start += step) reader.write(tar.subarray(start, start + step));
  reader.close();
  return entries;
}

describe('TarReader', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-tar-'));
  const name = `${'ä'.repeat(60)}`;
  writeFileSync(join(directory, name), 'x'.repeat(1500));
  writeFileSync(join(directory, 'empty'), '');
  symlinkSync('t'.repeat(300), join(directory, 'link'));
  const make = (...options: string[]): Buffer =>
    execFileSync('tar', [
      ...options,
      '--sort=name',
      '--owner=:4000000',
      '--group=:7',
      '-cf',
      '-',
      '-C',
      directory,
      'empty',
      'link',
      name,
    ]);
  const archives = [make('--format=gnu'), make('--format=posix')];
  rmSync(directory, { recursive: true });

  it('reads what GNU tar writes, wherever its pieces end', () => {
    for (const tar of archives) {
      for (const step of [1, 511, 512, 513, 100_000]) {
        const [empty, link, long] = read(tar, step) as [Read, Read, Read];
        assert.deepEqual([empty.entry.type, empty.entry.uid, empty.entry.gid], ['file', 4_000_000, 7]);
        assert.deepEqual([link.entry.type, link.entry.linkName], ['symlink', 't'.repeat(300)]);
        assert.equal(Buffer.from(long.entry.name, 'latin1').toString(), name);
        assert.equal(long.content.toString(), 'x'.repeat(1500));
      }
    }
  });

  it('fails on every truncation inside an entry, and never otherwise than by invalid-argument', () => {
    const tar = archives[1] as Buffer;
    for (let length = 1; length < 4000; length += 97) {
      try {
        read(tar.subarray(0, length), 64);
        assert.equal(length % 512, 0);
      } catch (error) {
        assert.ok(isErrorCode(error, 'invalid-argument'), String(error));
      }
    }
  });

  it('survives any byte being another', () => {
    const tar = Buffer.from(archives[1] as Buffer);
    let seed = 1;
    for (let round = 0; round < 3000; round += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const place = seed % 6144;
      const old = tar[place] as number;
      tar[place] = seed >> 16;
      try {
        read(tar, 4096);
      } catch (error) {
        assert.ok(isErrorCode(error, 'invalid-argument', 'too-large'), String(error));
      }
      tar[place] = old;
    }
  });
});
