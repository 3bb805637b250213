import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { Packet_PacketType as TYPE } from '../generated/buildkit/session/fsutil.ts';
import { GO_MODE } from './file-mode.ts';
import { followPaths } from './follow-paths.ts';
import { receiveTree } from './receive-tree.ts';
import { type PartialPacket, sendTree } from './send-tree.ts';
import { transfer } from './transfer.testkit.ts';
import { type TreeFilter, walkTree } from './walk-tree.ts';

const ALL: TreeFilter = { include: [], exclude: [], follow: [] };

suite('trees of files', () => {
  let root: string;
  let out: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pouch-tree-'));
    out = mkdtempSync(join(tmpdir(), 'pouch-tree-out-'));
  });
  afterEach(() => {
    for (const path of [root, out]) rmSync(path, { recursive: true, force: true });
  });

  function make(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }

  const paths = (filter: Partial<TreeFilter> = {}): string[] =>
    [...walkTree(root, { ...ALL, ...filter })].map(({ path }) => path);

  test('directories come before what is in them, names by their bytes', () => {
    make({ 'b/a': '', 'b-c': '', B: '', ä: '', 'z/y/x': '' });
    assert.deepEqual(paths(), ['B', 'b', 'b/a', 'b-c', 'z', 'z/y', 'z/y/x', 'ä']);
  });

  test('what is left out, and what is taken back in with the directories above it', () => {
    make({ 'a/b/c': '', 'a/b/d': '', 'node_modules/x': '', 'src/node_modules/y': '', keep: '' });
    assert.deepEqual(paths({ exclude: ['**/node_modules', 'a', '!a/b/c'] }), ['a', 'a/b', 'a/b/c', 'keep', 'src']);
    assert.deepEqual(paths({ include: ['a/b/*', 'keep'], exclude: ['**/d'] }), ['a', 'a/b', 'a/b/c', 'keep']);
    assert.deepEqual(paths({ include: ['nothing'] }), []);
  });

  test('paths are followed through links: relative, absolute, in circles, and of wildcards', () => {
    make({ 'real/file': '', 'real/other': '', 'data/one.conf': '', 'unused/x': '' });
    symlinkSync('real', join(root, 'link'));
    symlinkSync('/data/one.conf', join(root, 'a.conf'));
    symlinkSync('../../../real/other', join(root, 'data/up.conf'));
    symlinkSync('circle', join(root, 'circle'));
    assert.deepEqual(followPaths(root, ['link/file']).toSorted(), ['link', 'real/file']);
    assert.deepEqual(followPaths(root, ['*.conf', 'circle']).toSorted(), ['*.conf', 'circle', 'data/one.conf']);
    assert.deepEqual(followPaths(root, ['data/*.conf']).toSorted(), ['data/*.conf', 'real/other']);
    assert.deepEqual(followPaths(root, ['.']), ['.']);
    assert.deepEqual(paths({ follow: ['link/file'] }), ['link', 'real', 'real/file']);
    assert.equal(paths({ follow: ['.'] }).length, paths().length);
  });

  test('a tree arrives as it was: contents, modes, times, links', async () => {
    make({ 'dir/file': 'text', 'dir/empty': '', big: 'x'.repeat(700_000), 'dir/ro/in': '1' });
    chmodSync(join(root, 'dir/file'), 0o4751);
    chmodSync(join(root, 'dir/ro'), 0o555);
    symlinkSync('dir/file', join(root, 'link'));
    utimesSync(join(root, 'dir'), 1e9, 1e9);
    const { sender, receiver } = transfer();
    await Promise.all([sendTree(root, ALL, sender), receiveTree(out, receiver)]);
    assert.equal(readFileSync(join(out, 'dir/file'), 'utf8'), 'text');
    assert.equal(readFileSync(join(out, 'big'), 'utf8').length, 700_000);
    assert.equal(readFileSync(join(out, 'dir/empty'), 'utf8'), '');
    assert.equal(lstatSync(join(out, 'dir/file')).mode & 0o7777, 0o4751);
    assert.equal(lstatSync(join(out, 'dir/ro')).mode & 0o777, 0o555);
    assert.equal(lstatSync(join(out, 'dir')).mtimeMs, 1e12);
    assert.equal(readlinkSync(join(out, 'link')), 'dir/file');
    assert.deepEqual(readdirSync(out).toSorted(), ['big', 'dir', 'link']);
  });

  test('a sender that fails, and one that stops, end the transfer and leave no half of a file', async () => {
    make({ file: 'text' });
    for (const last of [{ type: TYPE.PACKET_ERR, data: Buffer.from('disk full') }, undefined]) {
      const ends = transfer();
      const receiving = receiveTree(out, ends.receiver);
      await ends.sender.send({ type: TYPE.PACKET_STAT, stat: { path: 'file', mode: 0o644 } });
      if (last) await ends.sender.send(last);
      ends.end();
      await assert.rejects(receiving, last ? /disk full/ : /ended before all files/);
      assert.deepEqual(readdirSync(out), []);
    }
  });

  for (const [what, packets] of [
    ['above the directory', [{ path: '../x', mode: 0o644 }]],
    ['absolute', [{ path: '/x', mode: 0o644 }]],
    ['below one that never came', [{ path: 'a/b', mode: 0o644 }]],
    [
      'dots in the middle',
      [
        { path: 'a', mode: GO_MODE.DIRECTORY | 0o755 },
        { path: 'a/..', mode: 0o644 },
      ],
    ],
    [
      'below a link',
      [
        { path: 'a', mode: GO_MODE.SYMLINK | 0o777, linkname: '/tmp' },
        { path: 'a/b', mode: 0o644 },
      ],
    ],
    ['a link to what did not come', [{ path: 'a', mode: 0o644, linkname: '../../etc/passwd' }]],
    ['without a name', [{ path: '', mode: 0o644 }]],
    ['a device', [{ path: 'a', mode: GO_MODE.DEVICE | 0o644 }]],
  ] as const) {
    test(`a file ${what} is refused`, async () => {
      const ends = transfer();
      const receiving = receiveTree(out, ends.receiver);
      for (const stat of packets) {
        await ends.sender.send({ type: TYPE.PACKET_STAT, stat: { ...stat, mode: stat.mode >>> 0 } } as PartialPacket);
      }
      ends.end();
      await assert.rejects(receiving, (error) => isErrorCode(error, 'upstream', 'unsupported'));
    });
  }

  test('what stands in the way gives way, and nothing is written through a link', async () => {
    make({ 'dir/file': 'new', name: 'new' });
    const elsewhere = mkdtempSync(join(tmpdir(), 'pouch-tree-else-'));
    try {
      symlinkSync(elsewhere, join(out, 'dir'));
      mkdirSync(join(out, 'name/with'), { recursive: true });
      const { sender, receiver } = transfer();
      await Promise.all([sendTree(root, ALL, sender), receiveTree(out, receiver)]);
      assert.equal(readFileSync(join(out, 'dir/file'), 'utf8'), 'new');
      assert.equal(readFileSync(join(out, 'name'), 'utf8'), 'new');
      assert.equal(existsSync(join(elsewhere, 'file')), false);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test('a file that was never told of cannot be asked for', async () => {
    make({ file: 'text' });
    symlinkSync('/etc/passwd', join(root, 'link'));
    for (const ID of [1, 7]) {
      const ends = transfer();
      const sending = sendTree(root, ALL, ends.sender);
      await ends.receiver.send({ type: TYPE.PACKET_REQ, ID });
      await assert.rejects(sending, /no file with the number/);
    }
  });
});
