import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readHostFacts } from '../../../packages/engine/src/container/spec/read-host-facts.ts';
import { Bundle } from './bundle.testkit.ts';

let bundle: Bundle;
before(async () => {
  bundle = await Bundle.make();
});
after(async () => await bundle[Symbol.asyncDispose]());

/** A field of /proc/self/status as the container's shell sees it. */
async function status(field: string, hostConfig = {}, config = {}): Promise<string> {
  return await bundle.sh(`grep '^${field}:' /proc/self/status`, { ...config, HostConfig: hostConfig });
}

test('a container runs as root with the default environment, directory and hostname', async () => {
  const out = await bundle.sh('id; pwd; echo $HOME $PATH; hostname', { Hostname: 'box' });
  assert.equal(
    out,
    'uid=0(root) gid=0(root) groups=0(root)\n/\n/root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nbox',
  );
});

test('a user by name gets its groups, those of --group-add, and its home', async () => {
  const out = await bundle.sh('id; echo $HOME', { User: 'ann', HostConfig: { GroupAdd: ['audio', '777'] } });
  assert.match(out, /^uid=1000\(ann\) gid=1000\(ann\) groups=(?=.*29\(audio\))(?=.*44\(video\)).*777/);
  assert.match(out, /\/home\/ann$/);
  await assert.rejects(bundle.sh('true', { User: 'nobody-here' }), /unable to find user nobody-here/);
});

test('an environment variable without a value is taken away', async () => {
  const out = await bundle.sh('env', { Env: ['A=1', 'B=2', 'A=3', 'PATH=/bin', 'HOSTNAME'] });
  assert.match(out, /^A=3$/m);
  assert.doesNotMatch(out, /HOSTNAME|A=1/);
});

test('capabilities: the default fourteen, dropped, added, and all that the daemon has', async () => {
  assert.equal(await status('CapEff'), 'CapEff:\t00000000a80425fb');
  assert.equal(await status('CapEff', { CapDrop: ['ALL'] }), 'CapEff:\t0000000000000000');
  assert.equal(await status('CapEff', { CapDrop: ['all'], CapAdd: ['net_admin'] }), 'CapEff:\t0000000000001000');
  assert.equal(await status('CapInh'), 'CapInh:\t0000000000000000');
  const own = await bundle.sh('grep ^CapBnd /proc/self/status', { HostConfig: { Privileged: true } });
  const { readFile } = await import('node:fs/promises');
  const mine = /^CapBnd:.*$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[0];
  assert.equal(own, mine);
});

test('seccomp filters by default, not when unconfined or privileged; no-new-privileges holds', async () => {
  assert.equal(await status('Seccomp'), 'Seccomp:\t2');
  assert.equal(await status('Seccomp', { SecurityOpt: ['seccomp=unconfined'] }), 'Seccomp:\t0');
  assert.equal(await status('Seccomp', { Privileged: true }), 'Seccomp:\t0');
  assert.equal(await status('NoNewPrivs', { SecurityOpt: ['no-new-privileges'] }), 'NoNewPrivs:\t1');
  assert.equal(await status('NoNewPrivs'), 'NoNewPrivs:\t0');
  const profile = JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  });
  const out = await bundle.sh('mkdir /tmp/x 2>&1 || echo refused', {
    HostConfig: { SecurityOpt: [`seccomp=${profile}`] },
  });
  assert.match(out, /refused/);
});

test('ulimits are set, and lowered to what the daemon may grant', async () => {
  const { hardLimits } = await readHostFacts();
  const asked = [
    { Name: 'nofile', Soft: 100, Hard: 200 },
    { Name: 'core', Soft: -1, Hard: -1 },
    { Name: 'memlock', Soft: -1, Hard: -1 },
  ];
  const out = await bundle.sh('ulimit -Sn; ulimit -Hn; cat /proc/self/limits', { HostConfig: { Ulimits: asked } });
  assert.match(out, /^100\n200\n/);
  assert.match(out, /Max core file size +unlimited +unlimited/);
  const memlock = hardLimits.RLIMIT_MEMLOCK;
  if (memlock !== undefined) assert.match(out, new RegExp(`Max locked memory +${memlock} +${memlock}`));
});

test('the OOM score is set where it may be', async () => {
  assert.equal(await bundle.sh('cat /proc/self/oom_score_adj', { HostConfig: { OomScoreAdj: 500 } }), '500');
});

test('crun takes the same specification', async () => {
  const hostConfig = {
    ReadonlyRootfs: true,
    Tmpfs: { '/t': 'size=1m' },
    Binds: [`${bundle.directory}:/m:ro`, 'data:/data'],
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine' }],
    Ulimits: [{ Name: 'core', Soft: -1, Hard: -1 }],
    Sysctls: { 'net.core.somaxconn': '77' },
  };
  // Without its own cgroup handling crun runs on hybrid hosts too; limits are tried with runc.
  const options = { runtime: 'crun', global: ['--cgroup-manager=disabled'] };
  const script =
    'id -u; ls /dev/mine; grep -o "^Seccomp:.*" /proc/self/status; (: > /m/x) 2>&1; echo d > /data/file; cat /proc/sys/net/core/somaxconn';
  const out = await bundle.run({ Cmd: ['sh', '-c', script], HostConfig: hostConfig }, options);
  assert.match(out.stdout, /^0\n\/dev\/mine\nSeccomp:\t2\n.*Read-only file system\n77\n$/s, out.stderr);
  const privileged = { Privileged: true, NetworkMode: 'host', IpcMode: 'host', PidMode: 'host' };
  assert.match((await bundle.run({ Cmd: ['id'], HostConfig: privileged }, options)).stdout, /^uid=0/);
});
