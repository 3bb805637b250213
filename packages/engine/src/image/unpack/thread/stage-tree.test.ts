import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inherit, survey } from './stage-tree.ts';

/** Seconds since the epoch. */
const LONG_AGO = 1_000_000_000;

/** Directories of layers, each with what `paths` name: a directory where it ends in a slash, else an empty file. */
function layers(...paths: readonly (readonly string[])[]): { root: string; all: string[] } & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'pouch-stage-'));
  const all = paths.map((names, index) => {
    const directory = join(root, String(index));
    mkdirSync(directory);
    for (const name of names) {
      if (name.endsWith('/')) mkdirSync(join(directory, name), { recursive: true });
      else writeFileSync(join(directory, name), '');
    }
    return directory;
  });
  return { root, all, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test('a survey finds whiteouts, and the directories that no entry gave a time', () => {
  using made = layers(['a/', 'a/b/', 'old/', 'old/new/', '.wh.gone', 'a/b/.wh..wh..opq', 'a/file']);
  const [directory = ''] = made.all;
  utimesSync(join(directory, 'old'), LONG_AGO, LONG_AGO);
  const { whiteouts, implied } = survey({ directory, since: Date.now() - 10_000 });
  assert.deepEqual(implied.toSorted(), ['a', 'a/b', 'old/new']);
  assert.ok(implied.indexOf('a') < implied.indexOf('a/b'));
  assert.deepEqual(
    whiteouts.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    [
      { directory: 'a/b', name: '.wh..wh..opq' },
      { directory: '', name: '.wh.gone' },
    ],
  );
});

test('names that are no UTF-8 come back as they are', () => {
  using made = layers([]);
  const [directory = ''] = made.all;
  mkdirSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff, 0xfe])]));
  const { implied } = survey({ directory, since: 0 });
  assert.deepEqual(implied, ['\xff\xfe']);
  inherit({ directory, implied, lower: [directory] });
});

test('implied directories take after the topmost lower one that they are merged with', () => {
  using made = layers(
    ['d/', 'd/in/', 'replaced/', 'replaced/in/', 'new/'],
    ['d/'],
    ['d/', 'd/in/', 'replaced/', 'replaced/in/'],
  );
  const [directory = '', upper = '', base = ''] = made.all;
  for (const [path, mode] of [
    [join(base, 'd'), 0o700],
    [join(base, 'd/in'), 0o1770],
    [join(upper, 'd'), 0o750],
    [join(base, 'replaced/in'), 0o711],
  ] as const) {
    chmodSync(path, mode);
    utimesSync(path, LONG_AGO, LONG_AGO);
  }
  writeFileSync(join(upper, 'replaced'), 'no directory: what is below it is not seen');
  for (const path of ['d', 'd/in', 'replaced', 'replaced/in', 'new']) chmodSync(join(directory, path), 0o755);
  inherit({ directory, implied: ['d', 'd/in', 'replaced', 'replaced/in', 'new'], lower: [upper, base] });
  const modeOf = (path: string): number => statSync(join(directory, path)).mode & 0o7777;
  assert.deepEqual(['d', 'd/in', 'replaced', 'replaced/in', 'new'].map(modeOf), [0o750, 0o1770, 0o755, 0o755, 0o755]);
  assert.equal(statSync(join(directory, 'd/in')).mtimeMs, LONG_AGO * 1000);
});

test('a link in a lower layer leads to nothing of the host', () => {
  using made = layers(['link/', 'link/in/'], []);
  const [directory = '', lower = ''] = made.all;
  const host = join(made.root, 'host');
  mkdirSync(join(host, 'in'), { recursive: true });
  chmodSync(join(host, 'in'), 0o700);
  symlinkSync(host, join(lower, 'link'));
  inherit({ directory, implied: ['link', 'link/in'], lower: [lower] });
  assert.equal(statSync(join(directory, 'link/in')).mode & 0o7777, 0o755);
});
