import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { renderConfig } from './config.ts';

const BASE = { root: '/r', state: '/s', address: '/s/c.sock' };

test('the configuration keeps the wanted snapshotter, and switches the others off', () => {
  const overlay = renderConfig(BASE);
  assert.match(overlay, /^version = 2$/m);
  assert.match(overlay, /"io\.containerd\.snapshotter\.v1\.btrfs"/);
  assert.doesNotMatch(overlay, /snapshotter\.v1\.overlayfs/);
  const btrfs = renderConfig({
    ...BASE,
    snapshotter: 'btrfs',
    disabledPlugins: ['x.y'],
    oomScore: 0,
    logLevel: 'debug',
  });
  assert.match(btrfs, /snapshotter\.v1\.overlayfs/);
  assert.doesNotMatch(btrfs, /snapshotter\.v1\.btrfs/);
  assert.match(btrfs, /"x\.y"/);
  assert.match(btrfs, /oom_score = 0/);
  assert.match(btrfs, /level = "debug"/);
});

test('a path cannot break out of its string, be relative, or be too long for a socket', () => {
  assert.match(renderConfig({ ...BASE, root: '/a"b\\c' }), /^root = "\/a\\"b\\\\c"$/m);
  for (const bad of [{ root: 'relative' }, { state: '/a\nroot = "/"' }, { address: `/${'x'.repeat(110)}` }]) {
    assert.throws(
      () => renderConfig({ ...BASE, ...bad }),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
  }
});
