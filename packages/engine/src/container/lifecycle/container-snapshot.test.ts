import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PouchError } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import { prepareSnapshot } from './container-snapshot.ts';

const MOUNT: Mount = { type: 'overlay', source: 'overlay', target: '', options: ['upperdir=/up'] };
const RECORD = { id: 'a'.repeat(64), chainId: `sha256:${'b'.repeat(64)}` as const };

/** containerd, asked a second time after its death took the first answer along. */
function afterDeath(code: 'already-exists' | 'not-found') {
  return {
    prepare: async (): Promise<Mount[]> => {
      throw new PouchError(code, `snapshot ${RECORD.id}: ${code}`);
    },
    mounts: async (key: string): Promise<Mount[]> => {
      assert.equal(key, RECORD.id);
      return [MOUNT];
    },
  };
}

test('a snapshot that containerd made before it died is taken', async () => {
  assert.deepEqual(await prepareSnapshot(afterDeath('already-exists'), RECORD), [MOUNT]);
});

test('any other failure is the caller’s', async () => {
  await assert.rejects(prepareSnapshot(afterDeath('not-found'), RECORD), { code: 'not-found' });
});
