import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Header, pack } from 'tar-stream';
import { packPath } from './pack.ts';
import { copyTarget, splitCopyArgument } from './paths.ts';
import { unpackTo } from './unpack.ts';

const directory = mkdtempSync(join(tmpdir(), 'pouch-cp-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const options = { owner: false, onFile: (): void => {} };

function archive(...entries: readonly (Partial<Header> & Pick<Header, 'name'>)[]): AsyncIterable<Uint8Array> {
  const tar = pack();
  for (const entry of entries) tar.entry(entry, entry.type === undefined ? 'text' : '');
  tar.finalize();
  return tar as unknown as AsyncIterable<Uint8Array>;
}

test('what is packed comes out the same, under another name', async () => {
  const source = join(directory, 'source');
  mkdirSync(join(source, 'sub'), { recursive: true });
  writeFileSync(join(source, 'sub/big'), Buffer.alloc(3_000_000, 7));
  writeFileSync(join(source, 'empty'), '', { mode: 0o600 });
  symlinkSync('sub/big', join(source, 'link'));
  const target = join(directory, 'target');
  await unpackTo(packPath(source, 'other', options), target, options);
  assert.deepEqual(readFileSync(join(target, 'sub/big')), readFileSync(join(source, 'sub/big')));
  assert.equal(readlinkSync(join(target, 'link')), 'sub/big');
  assert.equal(lstatSync(join(target, 'empty')).mode & 0o777, 0o600);
});

test('no entry gets out of the target', async () => {
  const outside = join(directory, 'outside');
  const hostile: readonly (readonly [string, AsyncIterable<Uint8Array>])[] = [
    ['dots', archive({ name: 'a/', type: 'directory' }, { name: 'a/../../outside' })],
    ['beside the root', archive({ name: 'a/', type: 'directory' }, { name: 'outside' })],
    [
      'through a symbolic link',
      archive(
        { name: 'a/', type: 'directory' },
        { name: 'a/l', type: 'symlink', linkname: directory },
        { name: 'a/l/outside' },
      ),
    ],
    [
      'a hard link',
      archive({ name: 'a/', type: 'directory' }, { name: 'a/h', type: 'link', linkname: '../../etc/passwd' }),
    ],
  ];
  for (const [index, [what, tar]] of hostile.entries()) {
    await assert.rejects(unpackTo(tar, join(directory, `hostile${index}`), options), /the archive/, what);
    assert.equal(existsSync(outside), false, what);
  }
});

test('a file replaces a symbolic link instead of writing through it', async () => {
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'safe');
  symlinkSync(victim, join(directory, 'way'));
  await unpackTo(archive({ name: 'x' }), join(directory, 'way'), options);
  assert.equal(readFileSync(victim, 'utf8'), 'safe');
  assert.equal(readFileSync(join(directory, 'way'), 'utf8'), 'text');
});

test('where a copy goes', () => {
  const file = { path: '/a/f', directory: false };
  const dir = { path: '/a/d', directory: true };
  assert.deepEqual(copyTarget(file, '/t', 'directory'), { directory: '/t', name: 'f' });
  assert.deepEqual(copyTarget(dir, '/t', 'directory'), { directory: '/t', name: 'd' });
  assert.deepEqual(copyTarget({ path: '/a/d/.', directory: true }, '/t', 'directory'), { directory: '/t', name: '.' });
  assert.deepEqual(copyTarget(dir, '/t/n', 'nothing'), { directory: '/t', name: 'n' });
  assert.throws(() => copyTarget(file, '/t/n/', 'nothing'), /no such directory/);
  assert.throws(() => copyTarget(dir, '/t/f', 'file'), /cannot copy directory/);
});

test('container and path are told apart from a path with a colon', () => {
  assert.deepEqual(splitCopyArgument('web:/a:b'), { container: 'web', path: '/a:b' });
  assert.deepEqual(splitCopyArgument('./a:b'), { container: '', path: './a:b' });
});
