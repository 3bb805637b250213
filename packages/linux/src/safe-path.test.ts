import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resolveInRoot } from './safe-path.ts';
import { resolveUser } from './users.ts';

let root = '';

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'pouch-safe-path-'));
  await mkdir(join(root, 'etc'), { recursive: true });
  await mkdir(join(root, 'real/dir'), { recursive: true });
  await symlink('/real', join(root, 'absolute'));
  await symlink('../../../../etc', join(root, 'real/up'));
  await symlink('loop-b', join(root, 'loop-a'));
  await symlink('loop-a', join(root, 'loop-b'));
});

after(async () => {
  await rm(root, { recursive: true });
});

test('symlinks and dots never lead out of the root', async () => {
  const cases: Record<string, string> = {
    '/absolute/dir': 'real/dir',
    'real/up/passwd': 'etc/passwd',
    '../../../etc/passwd': 'etc/passwd',
    '/absolute/../etc': 'etc',
    'real/dir/./new/file': 'real/dir/new/file',
    '': '',
  };
  for (const [path, expected] of Object.entries(cases)) {
    assert.equal(await resolveInRoot(root, path), join(root, expected), path);
  }
});

test('the last symlink is kept when asked', async () => {
  assert.equal(await resolveInRoot(root, 'absolute', { followLast: false }), join(root, 'absolute'));
});

test('a loop of symlinks and a NUL byte are refused', async () => {
  await assert.rejects(resolveInRoot(root, 'loop-a'), /Too many levels/);
  await assert.rejects(resolveInRoot(root, 'a\0b'), /NUL/);
});

test('a passwd file that links out of the root is looked up inside it', async () => {
  await symlink('/../../../../../../etc/shadow', join(root, 'etc/passwd'));
  await writeFile(join(root, 'etc/shadow'), 'web:x:33:33::/srv:/bin/sh\nroot:x:0:0::/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'www:x:33:\nextra:x:44:web\nother:x:45:\n');
  assert.deepEqual(await resolveUser(root, 'web', ['other', '7']), {
    uid: 33,
    gid: 33,
    additionalGids: [7, 44, 45],
    home: '/srv',
    username: 'web',
  });
  assert.deepEqual(await resolveUser(root, '1000:www'), {
    uid: 1000,
    gid: 33,
    additionalGids: [],
    home: '/',
    username: undefined,
  });
  assert.equal((await resolveUser(root, '')).uid, 0);
  await assert.rejects(resolveUser(root, 'nobody-here'), /unable to find user nobody-here/);
  await assert.rejects(resolveUser(root, '0:nogroup'), /unable to find group nogroup/);
});
