import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMountInfo } from '../mounts.ts';
import { hierarchyOf } from './hierarchy.ts';
import { cgroupPaths, cgroupsPath, relativeCgroupPath } from './paths.ts';
import { parseBlkio } from './stats-v1.ts';
import { readCgroupStats, readOomKills } from './stats.ts';

const HYBRID = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

test('a mount table tells v1, hybrid and v2 apart', () => {
  const hybrid = hierarchyOf(parseMountInfo(HYBRID));
  assert.equal(hybrid.mode, 'hybrid');
  assert.equal(hybrid.controllers.get('cpuacct'), '/sys/fs/cgroup/cpu');
  assert.equal(hybrid.named.get('systemd'), '/sys/fs/cgroup/systemd');
  assert.equal(hierarchyOf(parseMountInfo(HYBRID.split('\n').slice(0, 3).join('\n'))).mode, 'v1');
  assert.equal(hierarchyOf(parseMountInfo('41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw')).mode, 'v2');
});

test('paths follow the driver', () => {
  assert.equal(cgroupsPath('cgroupfs', 'abc'), '/pouch/abc');
  assert.equal(cgroupsPath('cgroupfs', 'abc', 'my/parent'), '/my/parent/abc');
  assert.equal(cgroupsPath('systemd', 'abc'), 'system.slice:pouch:abc');
  assert.equal(relativeCgroupPath('system.slice:pouch:abc'), '/system.slice/pouch-abc.scope');
  assert.equal(relativeCgroupPath('a-b.slice:pouch:abc'), '/a.slice/a-b.slice/pouch-abc.scope');
  assert.throws(() => cgroupsPath('systemd', 'abc', '/docker'), /valid slice/);
  assert.throws(() => cgroupsPath('cgroupfs', 'abc', '../up'), /'\.\.'/);
  const paths = cgroupPaths(hierarchyOf(parseMountInfo(HYBRID)), '/pouch/abc');
  assert.deepEqual(paths.all, [
    '/sys/fs/cgroup/cpu/pouch/abc',
    '/sys/fs/cgroup/systemd/pouch/abc',
    '/sys/fs/cgroup/unified/pouch/abc',
  ]);
});

test("under systemd on cgroup2 crun's containers are a group below their scope, which goes with it", () => {
  const v2 = hierarchyOf(parseMountInfo('41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw'));
  const scope = '/sys/fs/cgroup/system.slice/pouch-abc.scope';
  const groups = (path: string, runtime: string): readonly (string | undefined)[] => {
    const { unified, all } = cgroupPaths(v2, path, runtime);
    return [unified, ...all];
  };
  assert.deepEqual(groups('system.slice:pouch:abc', '/usr/bin/crun'), [`${scope}/container`, scope]);
  assert.deepEqual(groups('system.slice:pouch:abc', 'runc'), [scope, scope]);
  assert.deepEqual(groups('/pouch/abc', 'crun'), ['/sys/fs/cgroup/pouch/abc', '/sys/fs/cgroup/pouch/abc']);
});

test('v2 counters are read into the neutral form', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pouch-cgroup-'));
  const directory = join(root, 'pouch/abc');
  await mkdir(directory, { recursive: true });
  const files: Record<string, string> = {
    'cpu.stat': 'usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nnr_throttled 1\nthrottled_usec 9\n',
    'memory.current': '1000\n',
    'memory.max': 'max\n',
    'memory.stat': 'anon 600\ninactive_file 300\n',
    'memory.events': 'oom 2\noom_kill 1\n',
    'pids.current': '4\n',
    'pids.max': '100\n',
    'io.stat': '254:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const hierarchy = hierarchyOf(parseMountInfo(`41 31 0:38 / ${root} rw - cgroup2 cgroup2 rw`));
  const paths = cgroupPaths(hierarchy, '/pouch/abc');
  const stats = await readCgroupStats(paths);
  assert.equal(stats?.cpu.total, 5000);
  assert.equal(stats?.cpu.throttledTime, 9000);
  assert.equal(stats?.memory.limit, undefined);
  assert.equal(stats?.memory.workingSet, 700);
  assert.equal(stats?.pids.limit, 100);
  assert.deepEqual(stats?.blkio.serviceBytes, [
    { major: 254, minor: 0, op: 'read', value: 10 },
    { major: 254, minor: 0, op: 'write', value: 20 },
  ]);
  assert.equal(await readOomKills(paths), 1);
  assert.equal(await readCgroupStats(cgroupPaths(hierarchy, '/pouch/gone')), undefined);
  await rm(root, { recursive: true });
});

test('v1 blkio lines are parsed and the grand total left out', () => {
  assert.deepEqual(parseBlkio('8:0 Read 12\n8:0 Total 12\nTotal 12\n8:16 5\n'), [
    { major: 8, minor: 0, op: 'read', value: 12 },
    { major: 8, minor: 0, op: 'total', value: 12 },
    { major: 8, minor: 16, op: '', value: 5 },
  ]);
});
