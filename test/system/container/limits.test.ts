import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { inspect, remove, start } from './container.kit.ts';

const V1 = existsSync('/sys/fs/cgroup/memory');

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

/** What the kernel says inside: the first file that there is, of cgroup v1 and v2. */
async function control(flags: readonly string[], ...files: readonly string[]): Promise<string> {
  const script = files.map((file) => `cat /sys/fs/cgroup/${file} 2>/dev/null`).join(' || ');
  return await daemon.run([...flags, 'busybox', 'sh', '-c', script]);
}

async function refused(flags: readonly string[], message: RegExp, code = 125): Promise<void> {
  const answer = await daemon.pouch(['run', '--rm', ...flags, 'busybox', 'true'], { allowFailure: true });
  assert.equal(answer.code, code, answer.stderr);
  assert.match(answer.stderr, message);
}

test('memory, swap and reservation', async () => {
  const flags = ['-m', '64m', '--memory-swap', '64m', '--memory-reservation', '32m'];
  assert.equal(await control(flags, 'memory/memory.limit_in_bytes', 'memory.max'), String(64 << 20));
  assert.equal(await control(flags, 'memory/memory.soft_limit_in_bytes', 'memory.low'), String(32 << 20));
  await refused(['-m', '1m'], /[Mm]inimum memory limit/);
  await refused(['-m', '64m', '--memory-swap', '32m'], /[Mm]emoryswap|memory-swap|swap/);
});

test('cpus, shares, period, quota and cpuset', async () => {
  assert.equal(await control(['--cpus', '0.5'], 'cpu/cpu.cfs_quota_us', 'cpu.max'), V1 ? '50000' : '50000 100000');
  const quota = ['--cpu-period', '50000', '--cpu-quota', '20000'];
  assert.equal(await control(quota, 'cpu/cpu.cfs_quota_us', 'cpu.max'), V1 ? '20000' : '20000 50000');
  assert.equal(await control(['-c', '512'], 'cpu/cpu.shares', 'cpu.weight'), V1 ? '512' : '20');
  assert.equal(await control(['--cpuset-cpus', '0'], 'cpuset/cpuset.cpus', 'cpuset.cpus'), '0');
  assert.equal(await daemon.run(['--cpuset-cpus', '0', 'busybox', 'nproc']), '1');
  await refused(['--cpuset-cpus', '4000'], /4000/);
  await refused(['--cpus', '0.5', '--cpu-quota', '1000'], /[Cc]onflicting/);
});

test('timers are as exact as anywhere on the host, also in an exec, where those of containerd are not', async () => {
  const slack = async (pid: number | 'self'): Promise<string> =>
    (await readFile(`/proc/${pid}/timerslack_ns`, 'utf8')).trim();
  assert.equal(await daemon.run(['busybox', 'cat', '/proc/self/timerslack_ns']), await slack('self'));
  await start(daemon, ['sleep', '1000'], {}, 'timers');
  const { stdout } = await daemon.pouch(['exec', 'timers', 'cat', '/proc/self/timerslack_ns']);
  assert.equal(stdout.trim(), await slack('self'));
  assert.equal(await slack(daemon.containerdPid), '1000000');
  await remove(daemon, 'timers');
});

test('the number of processes', async () => {
  assert.equal(await control(['--pids-limit', '20'], 'pids/pids.max', 'pids.max'), '20');
  const script = 'for i in $(seq 60); do sleep 5 & done; echo never';
  const answer = await daemon.pouch(['run', '--rm', '--pids-limit', '20', 'busybox', 'sh', '-c', script], {
    allowFailure: true,
  });
  assert.notEqual(answer.code, 0);
  assert.match(answer.stderr, /fork/);
});

test('ulimits, and the score of the killer for want of memory', async () => {
  const flags = ['--ulimit', 'nofile=123:456', '--ulimit', 'core=0', '--oom-score-adj', '321'];
  const script = 'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj';
  assert.equal(await daemon.run([...flags, 'busybox', 'sh', '-c', script]), '123\n456\n0\n321');
  await refused(['--ulimit', 'nosuch=1'], /nosuch/);
  await refused(['--oom-score-adj', '2000'], /oom.?score/i);
});

test('devices: those of the host when asked, with their rights, and none else', async () => {
  assert.equal(
    await daemon.run(['busybox', 'sh', '-c', 'ls /dev | tr "\\n" " "']),
    'core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero',
  );
  const given = ['--device', '/dev/fuse:/dev/given:r'];
  assert.match(await daemon.run([...given, 'busybox', 'ls', '-l', '/dev/given']), /^c.* 10, 229 /);
  const write = await daemon.pouch(['run', '--rm', ...given, 'busybox', 'sh', '-c', 'echo > /dev/given'], {
    allowFailure: true,
  });
  assert.match(write.stderr, /Operation not permitted/);
  const made = await daemon.pouch(['run', '--rm', 'busybox', 'sh', '-c', 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'], {
    allowFailure: true,
  });
  assert.match(made.stderr, /Operation not permitted/);
  await daemon.run([
    '--device-cgroup-rule',
    'c 10:229 r',
    'busybox',
    'sh',
    '-c',
    'mknod /tmp/fuse c 10 229; : < /tmp/fuse',
  ]);
  await refused(['--device', '/dev/nosuch'], /"\/dev\/nosuch": no such file or directory/, 127);
});

test('block IO limits reach the kernel, where it has them', async (t) => {
  const weighted = await daemon.pouch(['create', '--blkio-weight', '300', 'busybox', 'true']);
  const weight = (await inspect(daemon, weighted.stdout.trim())).HostConfig.BlkioWeight;
  assert.ok(weight === 300 || /Block I\/O weight.*discarded/.test(weighted.stderr), weighted.stderr);
  await remove(daemon, weighted.stdout.trim());
  if (V1 && !existsSync('/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device'))
    return t.skip('no blkio throttling here');
  const device = ['/dev/vda', '/dev/sda', '/dev/loop0'].find((path) => existsSync(path));
  if (!device) return t.skip('no block device here');
  const flags = ['--device-read-bps', `${device}:1mb`];
  const limit = await control(flags, 'blkio/blkio.throttle.read_bps_device', 'io.max');
  assert.match(limit, V1 ? /^\d+:\d+ 1048576$/ : /^\d+:\d+ rbps=1048576 wbps=max /);
});

test('shared memory has the size asked for', async () => {
  assert.match(await daemon.run(['busybox', 'df', '-k', '/dev/shm']), /\s65536\s/);
  assert.match(await daemon.run(['--shm-size', '7m', 'busybox', 'df', '-k', '/dev/shm']), /\s7168\s/);
});

test('runc and crun, and no other', async () => {
  for (const runtime of ['runc', 'crun']) {
    const { stdout } = await daemon.pouch([
      'run',
      '-d',
      '--runtime',
      runtime,
      'busybox',
      'sh',
      '-c',
      'echo $0; sleep 1000',
      runtime,
    ]);
    const id = stdout.trim();
    assert.equal((await inspect(daemon, id)).HostConfig.Runtime, runtime);
    assert.equal((await daemon.pouch(['exec', id, 'echo', 'inside'])).stdout, 'inside\n');
    assert.equal((await daemon.pouch(['exec', id, 'nosuch'], { allowFailure: true })).code, 127);
    await daemon.pouch(['pause', id]);
    await daemon.pouch(['unpause', id]);
    await daemon.pouch(['update', '--cpus', '0.5', id]);
    await remove(daemon, id);
    const missing = await daemon.pouch(['run', '--rm', '--runtime', runtime, 'busybox', 'nosuch'], {
      allowFailure: true,
    });
    assert.equal(missing.code, 127, `${runtime}: ${missing.stderr}`);
    const plain = await daemon.pouch(['run', '--rm', '--runtime', runtime, 'busybox', '/etc/passwd'], {
      allowFailure: true,
    });
    assert.equal(plain.code, 126, `${runtime}: ${plain.stderr}`);
  }
  await refused(['--runtime', 'nosuch'], /unknown or invalid runtime name: nosuch/);
});

test('top, stats and ports tell of a running container', async () => {
  const id = await start(
    daemon,
    ['sh', '-c', 'sleep 1000 & exec sleep 2000'],
    { HostConfig: { Memory: 64 << 20 } },
    'busy',
  );
  const top = (await daemon.pouch(['top', id])).stdout.trim().split('\n');
  assert.match(top[0] as string, /^UID\s+PID\s+PPID/);
  assert.deepEqual(
    top
      .slice(1)
      .map((line) => /sleep \d+$/.exec(line)?.[0] ?? '')
      .toSorted((a, b) => a.localeCompare(b)),
    ['sleep 1000', 'sleep 2000'],
  );
  const columns = (await daemon.pouch(['top', id, '-o', 'pid,comm'])).stdout.trim().split('\n');
  assert.match(columns[0] as string, /^PID\s+COMMAND$/);
  assert.equal(columns.length, 3);
  const stats = await daemon.pouch(['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}} {{.PIDs}}', id]);
  assert.match(stats.stdout, /^busy [\d.]+[KM]iB \/ 64MiB 2\n$/);
  const table = (await daemon.pouch(['stats', '--no-stream'])).stdout;
  assert.match(table, /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS\n/);
  const once = (await daemon.ok('GET', `/containers/${id}/stats?stream=0&one-shot=1`)).json as {
    memory_stats: { limit: number };
  };
  assert.equal(once.memory_stats.limit, 64 << 20);
  await remove(daemon, id);
});
