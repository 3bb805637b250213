import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOf, mountsBelow, parseMountInfo, readMounts } from './mounts.ts';

const TEXT = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
30 27 0:30 / /a rw - tmpfs tmpfs rw
31 30 0:31 /sub /a/with\\040space rw,nosuid master:3 shared:9 - tmpfs none rw,size=4k
32 27 0:32 / /ab rw - tmpfs tmpfs rw
broken line
`;

test('mountinfo is parsed with its optional fields and escapes', () => {
  const mounts = parseMountInfo(TEXT);
  assert.equal(mounts.length, 5);
  const spaced = mounts[3];
  assert.equal(spaced?.mountPoint, '/a/with space');
  assert.equal(spaced?.root, '/sub');
  assert.deepEqual(spaced?.propagation, ['master:3', 'shared:9']);
  assert.deepEqual(mounts[1]?.superOptions, ['rw', 'discard']);
});

test('mounts below a directory come deepest first and do not include its namesakes', () => {
  assert.deepEqual(
    mountsBelow(parseMountInfo(TEXT), '/a').map((mount) => mount.mountPoint),
    ['/a/with space', '/a'],
  );
});

test('a path belongs to the longest mount point', () => {
  const mounts = parseMountInfo(TEXT);
  assert.equal(mountOf(mounts, '/ab/c')?.mountPoint, '/ab');
  assert.equal(mountOf(mounts, '/abc')?.mountPoint, '/');
});

test('the kernel shows the root mount', async () => {
  assert.ok((await readMounts()).some((mount) => mount.mountPoint === '/'));
});
