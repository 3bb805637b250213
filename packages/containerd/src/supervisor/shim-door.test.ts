import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeShimDoor } from './shim-door.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), "pouch-shim-d'oor-"));
  mkdirSync(join(root, 'real'));
  const shim = join(root, 'real/containerd-shim-runc-v2');
  writeFileSync(shim, '#!/bin/sh\necho "the shim: $@"\n');
  chmodSync(shim, 0o755);
});
after(() => rmSync(root, { recursive: true }));

/** What containerd would read, when it calls the shim for a container. */
function call(namespace: string, id: string, word: string): string {
  const args = ['-namespace', namespace, '-address', '/a', '-publish-binary', '/b', '-id', id, '-bundle', '/c', word];
  return spawnSync(join(root, 'door/containerd-shim-runc-v2'), args).stdout.toString('latin1');
}

test('a delete is answered for a container that the runtime knows no more; all else is the shim’s', async () => {
  const runtimeRoot = join(root, 'runtime');
  const options = { directory: join(root, 'door'), namespace: 'ours', runtimeRoot };
  assert.equal(await writeShimDoor({ ...options, path: [join(root, 'empty'), 'relative'] }), undefined);
  const path = [options.directory, join(root, 'empty'), join(root, 'real')];
  assert.equal(await writeShimDoor({ ...options, path }), options.directory);
  mkdirSync(join(runtimeRoot, 'ours/kept'), { recursive: true });
  assert.equal(call('ours', 'gone', 'delete'), '\x10\x89\x01');
  assert.match(call('ours', 'kept', 'delete'), /^the shim: -namespace ours .* delete$/m);
  assert.match(call('theirs', 'gone', 'delete'), /^the shim: -namespace theirs .* delete$/m);
  assert.match(call('ours', 'gone', 'start'), /^the shim: .* start$/m);
});
