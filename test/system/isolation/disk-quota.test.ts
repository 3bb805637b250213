import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { ContainerInspect, ContainerStats } from '@pouch/api';
import { exec, sleep } from '@pouch/base';
import { probeDiskQuota, readMounts, unmountTree } from '@pouch/linux';
import { POUCH_IN_SHELL } from '../../harness/programs.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { docker, inspect, remove } from '../container/container.kit.ts';
import { mountGround, QUOTA_GROUNDS, type QuotaGround } from './quota-ground.kit.ts';

const MEBIBYTE = 1024 * 1024;
const FULL = /No space left on device|Disk quota exceeded/;

/** A directory for the daemon's root on a file system that has the driver, or why there is none. */
async function prepare(ground: QuotaGround): Promise<{ root?: string; skip?: string; drop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-ground-'));
  const drop = async (): Promise<void> => {
    await unmountTree(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const root = await mountGround(directory, ground, '2G');
    const { driver: found, reason } = await probeDiskQuota(join(root, 'quota'), ground.driver);
    return found ? { root, drop } : { skip: reason, drop };
  } catch (error) {
    await drop();
    return { skip: `not on this host: ${String(error)}`, drop: async () => {} };
  }
}

for (const ground of QUOTA_GROUNDS) {
  const { title, driver } = ground;
  const tried = await prepare(ground);
  await tried.drop();
  const skip = tried.skip ?? false;
  describe(`disk quota by ${title}`, { skip }, () => {
    let daemon: TestDaemon;
    let root = '';
    let drop = async (): Promise<void> => {};
    before(async () => {
      const made = await prepare(ground);
      root = made.root ?? '';
      drop = made.drop;
      daemon = await TestDaemon.start(['--root', root, '--quota-driver', driver]);
    });
    after(async () => {
      await daemon?.[Symbol.asyncDispose]();
      await drop();
    });

    const pouch = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
      await daemon.pouch(args, { allowFailure: true });
    const write = async (name: string, path: string, mebibytes: number): Promise<string> =>
      (await pouch('exec', name, 'dd', 'if=/dev/zero', `of=${path}`, 'bs=1M', `count=${mebibytes}`, 'conv=fsync'))
        .stderr;
    const quotas = async (name: string): Promise<NonNullable<ContainerInspect['DiskQuotas']>> =>
      (await inspect(daemon, name)).DiskQuotas ?? [];
    const created = async (...args: string[]): Promise<void> => {
      const { code, stderr } = await pouch('run', '-d', ...args, 'busybox', 'sleep', '600');
      assert.equal(code, 0, stderr);
    };

    test('the root file system ends where its quota ends, and inspect and stats say so', async () => {
      await created('--name', 'root', '--disk-quota', '40m');
      assert.doesNotMatch(await write('root', '/first', 30), FULL);
      assert.match(await write('root', '/second', 30), FULL);
      const [quota] = await quotas('root');
      assert.deepEqual([quota?.Paths, quota?.Limit], [['/'], 40 * MEBIBYTE]);
      const used = quota?.Used ?? 0;
      assert.ok(used > 38 * MEBIBYTE && used < 42 * MEBIBYTE, `${used} used`);
      const stats = (await daemon.ok('GET', '/containers/root/stats?stream=false&one-shot=true'))
        .json as ContainerStats;
      assert.equal(stats.disk_quotas?.[0]?.Limit, 40 * MEBIBYTE);
      if (driver !== 'btrfs') {
        const blocks = Number((await pouch('exec', 'root', 'df', '-k', '/')).stdout.split('\n')[1]?.split(/\s+/)[1]);
        assert.ok(blocks > 40 * 1024 * 0.97 && blocks < 40 * 1024 * 1.06, `df says ${blocks} KiB`);
      }
      await remove(daemon, 'root');
    });

    test('diff, cp, export and commit know what was written, running or not', async () => {
      await created('--name', 'files', '--disk-quota', '40m');
      await pouch('exec', 'files', 'sh', '-c', 'echo kept >/kept; rm /bin/vi');
      for (const _state of ['running', 'stopped']) {
        const changes = (await pouch('diff', 'files')).stdout;
        assert.match(changes, /^A \/kept$/m);
        assert.match(changes, /^D \/bin\/vi$/m);
        const copied = await exec('sh', ['-c', `${POUCH_IN_SHELL} cp files:/kept - | tar -xOf -`], {
          env: { POUCH_HOST: `unix://${daemon.socket}` },
        });
        assert.equal(copied.stdout, 'kept\n');
        await pouch('stop', '-t', '0', 'files');
      }
      assert.equal((await pouch('commit', 'files', 'committed')).code, 0);
      assert.equal(await daemon.run(['committed', 'cat', '/kept']), 'kept');
      await pouch('start', 'files');
      assert.equal((await pouch('exec', 'files', 'cat', '/kept')).stdout, 'kept\n');
      await remove(daemon, 'files');
      await pouch('rmi', 'committed');
    });

    test('paths under one rule share it; .* is each on its own', async () => {
      await created('--name', 'shared', '-v', '/data', '--disk-quota', '/&/data=40m');
      assert.doesNotMatch(await write('shared', '/file', 25), FULL);
      assert.match(await write('shared', '/data/file', 25), FULL);
      await remove(daemon, 'shared');
      await created('--name', 'each', '-v', '/data', '--disk-quota', '.*=40m');
      assert.doesNotMatch(await write('each', '/file', 25), FULL);
      assert.doesNotMatch(await write('each', '/data/file', 25), FULL);
      assert.match(await write('each', '/data/more', 25), FULL);
      assert.equal((await quotas('each')).length, 2);
      await remove(daemon, 'each');
    });

    test('volumes have a size; --storage-opt size is a quota of the root file system', async () => {
      await daemon.pouch(['volume', 'create', '-o', 'size=30m', 'sized']);
      await created('--name', 'sized', '-v', 'sized:/v', '--storage-opt', 'size=40m');
      assert.match(await write('sized', '/v/file', 35), FULL);
      assert.doesNotMatch(await write('sized', '/file', 35), FULL);
      await remove(daemon, 'sized');
      assert.equal(await daemon.run(['-v', 'sized:/v', 'busybox', 'ls', '/v']).then((text) => /file/.test(text)), true);
      const other = await pouch('run', '--rm', '-v', 'sized:/v', '--disk-quota', '/v=50m', 'busybox', 'true');
      assert.match(other.stderr, /volume sized exists and is not limited like this/);
      await daemon.pouch(['volume', 'rm', 'sized']);
    });

    test('containers of one quota id share the quota', async () => {
      await created('--name', 'one', '--disk-quota', '40m', '--quota-id', '4242');
      await created('--name', 'two', '--disk-quota', '40m', '--quota-id', '4242');
      assert.equal((await quotas('two'))[0]?.Id, 4242);
      assert.doesNotMatch(await write('one', '/file', 25), FULL);
      assert.match(await write('two', '/file', 25), FULL);
      const third = await pouch('run', '--rm', '--disk-quota', '50m', '--quota-id', '4242', 'busybox', 'true');
      assert.match(third.stderr, /quota id 4242 is in use with another size/);
      await remove(daemon, 'one');
      assert.equal((await pouch('exec', 'two', 'true')).code, 0);
      await remove(daemon, 'two');
    });

    test('update changes it, running where the file system can, else between two runs', async () => {
      await created('--name', 'grown', '--disk-quota', '20m');
      const running = await pouch('update', '--disk-quota', '60m', 'grown');
      if (running.code !== 0) {
        assert.match(running.stderr, /lacks CAP_SYS_RESOURCE.*stop the container/);
        await pouch('stop', '-t', '0', 'grown');
        assert.equal((await pouch('update', '--disk-quota', '60m', 'grown')).code, 0);
        await pouch('start', 'grown');
      }
      assert.doesNotMatch(await write('grown', '/file', 50), FULL);
      assert.equal((await quotas('grown'))[0]?.Limit, 60 * MEBIBYTE);
      assert.match(
        (await pouch('update', '--disk-quota', '/data=1g', 'grown')).stderr,
        /made without a disk quota for \/data/,
      );
      await remove(daemon, 'grown');
    });

    test('it holds over kills of pouchd and containerd, and what a kill left goes', async () => {
      await created('--name', 'kept', '--restart', 'always', '--disk-quota', '40m');
      await write('kept', '/file', 25);
      await daemon.down('SIGKILL');
      process.kill(daemon.containerdPid, 'SIGKILL');
      await daemon.up();
      assert.match(await write('kept', '/more', 25), FULL);
      await pouch('restart', '-t', '0', 'kept');
      assert.match(await write('kept', '/more', 25), FULL);
      await remove(daemon, 'kept');
      // In the middle of creates.
      const creates = Array.from(
        { length: 6 },
        async () => await pouch('run', '-d', '--disk-quota', '30m', 'busybox', 'sleep', '600'),
      );
      await sleep(250);
      await daemon.down('SIGKILL');
      await Promise.all(creates);
      // Programs that the daemon had started go on without it.
      await sleep(2000);
      await daemon.up();
      const left = ((await daemon.ok('GET', '/containers/json?all=1')).json as { Id: string }[]).map(({ Id }) => Id);
      await remove(daemon, ...left);
      assert.deepEqual(await places(root), []);
    });

    test('rules that overlap, or that nothing is mounted under, are refused and leave nothing', async () => {
      const refused: readonly (readonly [readonly string[], RegExp])[] = [
        [['--disk-quota', '10g', '--disk-quota', '/&/a=5g', '-v', '/a'], /overlap: \/ is under two/],
        [['--disk-quota', '10g', '--storage-opt', 'size=5g'], /overlap/],
        [['--disk-quota', '.*=10g', '--disk-quota', '/=5g'], /overlap/],
        [['--disk-quota', '/nowhere=10g'], /no volume is mounted at \/nowhere/],
        [['--disk-quota', '/etc=10g', '-v', '/etc:/etc'], /no volume is mounted at \/etc/],
        [['--disk-quota', 'relative=10g'], /invalid disk quota path/],
        [['--disk-quota', '0'], /more than 0/],
        [['--disk-quota', '10x'], /invalid size/],
        [['--quota-id', '17'], /needs a disk quota/],
        [['--disk-quota', '10g', '--quota-id', 'x'], /invalid quota id/],
        [['--storage-opt', 'color=red'], /unknown storage option/],
      ];
      for (const [args, message] of refused) {
        const { code, stderr } = await pouch('create', ...args, 'busybox');
        assert.notEqual(code, 0, args.join(' '));
        assert.match(stderr, message, args.join(' '));
      }
      assert.deepEqual(await places(root), []);
      assert.match((await pouch('info')).stdout, new RegExp(`disk quota: ${driver}: `));
    });

    test('a limit on inodes holds, or is refused', async () => {
      const { code, stderr } = await pouch(
        'run',
        '-d',
        '--name',
        'inodes',
        '--disk-quota',
        '40m:100',
        'busybox',
        'sleep',
        '600',
      );
      if (driver === 'btrfs') {
        assert.match(stderr, /cannot limit inodes/);
        return;
      }
      assert.equal(code, 0, stderr);
      const script = 'i=0; while touch /tmp/$i 2>/dev/null; do i=$((i+1)); done; echo $i';
      const made = Number((await pouch('exec', 'inodes', 'sh', '-c', script)).stdout);
      assert.ok(made > 80 && made < 120, `${made} files`);
      assert.equal((await quotas('inodes'))[0]?.InodesLimit, 100);
      await remove(daemon, 'inodes');
    });

    test('no container gets past it: one that could is refused', async () => {
      const flags = ['--name', 'mighty', '--cap-add', 'SYS_RESOURCE', '--disk-quota', '40m'];
      const { code, stderr } = await pouch('run', '-d', ...flags, 'busybox', 'sleep', '600');
      if (code !== 0) {
        assert.match(stderr, /does not hold a container with CAP_SYS_RESOURCE/);
        assert.equal(title, 'project on ext4');
        return;
      }
      assert.match(await write('mighty', '/file', 45), FULL);
      await remove(daemon, 'mighty');
    });

    test("Docker's client can ask for it", async () => {
      await docker(daemon, ['run', '-d', '--name', 'docker', '--storage-opt', 'size=40m', 'busybox', 'sleep', '600']);
      assert.match(await write('docker', '/file', 45), FULL);
      await remove(daemon, 'docker');
    });
  });
}

/** What is left of disk quotas in a root directory: places, and mounts; what stands in reserve is no leftover. */
async function places(root: string): Promise<string[]> {
  const mounted = (await readMounts()).map(({ mountPoint }) => mountPoint);
  const quota = join(root, 'quota');
  const inUse = mounted.filter(
    (path) => path.startsWith(`${root}/`) && !path.startsWith(`${quota}/.new-`) && path.includes('/quota/'),
  );
  const { stdout } = await exec('ls', [quota]);
  return [...inUse, ...stdout.split('\n').filter((name) => name !== '')];
}

test('a daemon without a quota driver refuses', async () => {
  await using daemon = await TestDaemon.start(['--quota-driver', 'none']);
  const run = await daemon.pouch(['run', '--rm', '--disk-quota', '10g', 'busybox', 'true'], { allowFailure: true });
  assert.match(run.stderr, /no disk quota driver: the setting quota-driver says none/);
  const volume = await daemon.pouch(['volume', 'create', '-o', 'size=10m', 'vol'], { allowFailure: true });
  assert.match(volume.stderr, /no disk quota driver/);
});
