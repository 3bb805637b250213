import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { RuntimeSpec } from '@pouch/oci';
import { SeccompCache } from './seccomp-cache.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pouch-seccomp-'));
  writeFileSync(join(directory, 'crun'), 'a runtime');
  writeFileSync(join(directory, 'seccomp.bpf'), Buffer.alloc(16, 7));
});
afterEach(() => rmSync(directory, { recursive: true }));

function spec(names: string[], action = 'SCMP_ACT_ALLOW'): RuntimeSpec {
  const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names, action }] };
  return {
    ociVersion: '1.0.2',
    root: { path: 'rootfs' },
    linux: { seccomp, cgroupsPath: '/x' },
  } as unknown as RuntimeSpec;
}

test('the second start gets the program of the first, also after a restart of the daemon', async () => {
  const binary = join(directory, 'crun');
  const cache = new SeccompCache(join(directory, 'kept'));
  const first = cache.apply(spec(['read']), binary);
  assert.ok(first.learn);
  assert.deepEqual(first.spec, spec(['read']));
  await cache.learn(first.learn, directory);
  for (const again of [cache, new SeccompCache(join(directory, 'kept'))]) {
    const second = again.apply(spec(['read']), binary);
    assert.equal(second.learn, undefined);
    assert.equal(second.spec.linux?.seccomp, undefined);
    assert.equal(second.spec.linux?.cgroupsPath, '/x');
    assert.equal(second.spec.annotations?.['run.oci.seccomp_bpf_data'], Buffer.alloc(16, 7).toString('base64'));
  }
  assert.ok(cache.apply(spec(['write']), binary).learn, 'another profile is compiled');
  writeFileSync(binary, 'a newer runtime');
  assert.ok(
    new SeccompCache(join(directory, 'kept')).apply(spec(['read']), binary).learn,
    'another runtime compiles anew',
  );
});

test('other runtimes and profiles with a listener keep their profile, and what is no program is not kept', async () => {
  const cache = new SeccompCache(join(directory, 'kept'));
  assert.equal(cache.apply(spec(['read']), 'runc').learn, undefined);
  assert.equal(cache.apply(spec(['read'], 'SCMP_ACT_NOTIFY'), join(directory, 'crun')).learn, undefined);
  writeFileSync(join(directory, 'seccomp.bpf'), 'short');
  const { learn } = cache.apply(spec(['read']), join(directory, 'crun'));
  await cache.learn(learn as string, directory);
  assert.equal(cache.apply(spec(['read']), join(directory, 'crun')).learn, learn);
});
