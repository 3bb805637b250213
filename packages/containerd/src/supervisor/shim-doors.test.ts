import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeShimDoors } from './shim-doors.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), "pouch-shim-d'oor-"));
  mkdirSync(join(root, 'real'));
  const write = (name: string, says: string, mode: number): void =>
    writeFileSync(join(root, 'real', name), `#!/bin/sh\necho "${says}"\n`, { mode });
  write('containerd-shim-runc-v2', 'the shim: $@', 0o755);
  write('containerd-shim-other-v1', 'slack $(cat /proc/$$/timerslack_ns)', 0o755);
  write('containerd-shim-none-v1', 'cannot be run', 0o644);
  write('containerd', 'no shim', 0o755);
});
after(() => rmSync(root, { recursive: true }));

const options = (): Parameters<typeof writeShimDoors>[0] => ({
  directory: join(root, 'door'),
  path: [join(root, 'door'), join(root, 'empty'), 'relative', join(root, 'real')],
  timerSlack: 70_000,
  deletedFaster: { namespace: 'ours', runtimeRoot: join(root, 'runtime') },
});

/** What containerd would read, when it calls the shim for a container. */
function call(namespace: string, id: string, word: string): string {
  const args = ['-namespace', namespace, '-address', '/a', '-publish-binary', '/b', '-id', id, '-bundle', '/c', word];
  return spawnSync(join(root, 'door/containerd-shim-runc-v2'), args).stdout.toString('latin1');
}

test('a delete is answered for a container that the runtime knows no more; all else is the shim’s', async () => {
  assert.equal(await writeShimDoors(options()), options().directory);
  mkdirSync(join(root, 'runtime/ours/kept'), { recursive: true });
  assert.equal(call('ours', 'gone', 'delete'), '\x10\x89\x01');
  assert.match(call('ours', 'kept', 'delete'), /^the shim: -namespace ours .* delete$/m);
  assert.match(call('theirs', 'gone', 'delete'), /^the shim: -namespace theirs .* delete$/m);
  assert.match(call('ours', 'gone', 'start'), /^the shim: .* start$/m);
});

test('each shim that can be run has a door, behind which timers are as they were', async () => {
  await writeShimDoors(options());
  assert.deepEqual(readdirSync(join(root, 'door')).toSorted(), ['containerd-shim-other-v1', 'containerd-shim-runc-v2']);
  const other = (): string => spawnSync(join(root, 'door/containerd-shim-other-v1')).stdout.toString();
  assert.equal(other(), 'slack 70000\n');
  rmSync(join(root, 'real/containerd-shim-other-v1'));
  await writeShimDoors({ ...options(), deletedFaster: undefined });
  assert.deepEqual(readdirSync(join(root, 'door')), ['containerd-shim-runc-v2']);
  assert.match(call('ours', 'gone', 'delete'), /^the shim: /);
});
