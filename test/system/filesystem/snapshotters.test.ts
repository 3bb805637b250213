import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { silentLogger } from '@pouch/base';
import type { Container } from '../../../packages/engine/src/container/container.ts';
import {
  ContainerFilesystem,
  type ContainerFilesystemDependencies,
} from '../../../packages/engine/src/container/filesystem/index.ts';
import { missingForContainers } from '../containerd/busybox.kit.ts';
import { Containerd } from '../containerd/supervised.kit.ts';
import { archive, collect, listing, pieces } from './filesystem.kit.ts';

describe('snapshots of a real containerd', { skip: missingForContainers() }, () => {
  for (const snapshotter of ['overlayfs', 'native']) {
    it(`are read, written, compared and measured (${snapshotter})`, { timeout: 60_000 }, async () => {
      await using containerd = await Containerd.start();
      const directory = await mkdtemp(join(tmpdir(), 'pouch-fs-'));
      const snapshots = containerd.client.snapshotter(snapshotter);
      const dependencies = {
        containerd: { snapshots, leases: containerd.client.leases },
        volumes: {},
        logger: silentLogger,
      } as unknown as ContainerFilesystemDependencies;
      const filesystem = new ContainerFilesystem({ mountRoot: directory }, dependencies);
      const signal = new AbortController().signal;
      const container = (id: string): Container =>
        ({
          id,
          snapshotKey: id,
          state: { pid: 0 },
          live: false,
          record: { name: id, config: {}, hostConfig: {}, mounts: [] },
        }) as unknown as Container;
      const put = async (id: string, tar: Buffer): Promise<void> =>
        await filesystem.putArchive(container(id), '/', pieces(tar), {
          noOverwriteDirNonDir: false,
          copyUIDGID: false,
          signal,
        });
      const changes = async (id: string): Promise<string[]> =>
        (await filesystem.changes(container(id))).map(({ Path, Kind }) => `${'CAD'[Kind]} ${Path}`);
      try {
        await containerd.client.leases.use(async (lease) => {
          await snapshots.prepare('base', '', {}, { lease });
          await put(
            'base',
            archive({ name: 'etc/', type: '5' }, { name: 'etc/a', body: 'x'.repeat(40_000) }, { name: 'b', body: '1' }),
          );
          assert.deepEqual(await changes('base'), ['A /b', 'A /etc', 'A /etc/a']);
          await snapshots.commit('image', 'base', {}, { lease });
          await snapshots.prepare('box', 'image', {}, { lease });
          assert.deepEqual(await changes('box'), []);
          await put(
            'box',
            archive({ name: 'etc/a', body: 'new' }, { name: 'b/', type: '5' }, { name: 'b/c', body: 'c' }),
          );
          assert.deepEqual(await changes('box'), ['C /b', 'A /b/c', 'C /etc', 'C /etc/a']);
          const tar = await collect(filesystem.exportFilesystem(container('box'), signal));
          assert.equal((await listing(tar)).length, 4);
          const { rw, rootfs } = await filesystem.sizes(container('box'));
          assert.ok(rw > 0 && rootfs > rw + 40_000 - 4096, JSON.stringify({ rw, rootfs }));
          let left = 0;
          for await (const info of snapshots.list()) if (info.name.includes('before')) left += 1;
          assert.equal(left, 0);
        });
      } finally {
        await filesystem.cleanup();
        await rm(directory, { recursive: true, force: true });
      }
    });
  }
});
