import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ExecResult, exec, sleep } from '@pouch/base';
import { listLinks } from '@pouch/linux';
import { importMachine, withoutMachine } from '../../harness/machine-image.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, remove } from '../container/container.kit.ts';

const directory = mkdtempSync(join(tmpdir(), 'pouch-ssh-'));
const key = join(directory, 'id_ed25519');
const other = join(directory, 'id_other');
const SFTP = '/usr/lib/openssh/sftp-server';
let daemon: TestDaemon;
let address = '';

before(async () => {
  for (const [path, type] of [
    [key, 'ed25519'],
    [other, 'ecdsa'],
  ] as const) {
    await exec('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
  }
  daemon = await TestDaemon.start();
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'box',
    '-e',
    'FROM=image',
    '--ssh',
    '--ssh-key',
    `${key}.pub`,
    'busybox',
    'sleep',
    '100000',
  ]);
  address = await addressOf('box');
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

async function addressOf(name: string): Promise<string> {
  return (await inspect(daemon, name)).NetworkSettings.Networks.bridge?.IPAddress ?? '';
}

function options(identity = key): string[] {
  const set = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=accept-new',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
    `UserKnownHostsFile=${directory}/known`,
  ];
  return ['-F', '/dev/null', '-i', identity, ...set.flatMap((each) => ['-o', each])];
}

async function ssh(target: string, command: string, more: readonly string[] = [], input = ''): Promise<ExecResult> {
  return await exec('ssh', [...options(), ...more, target, command], { allowFailure: true, timeout: 60_000, input });
}

test('a command: streams, exit code, environment, user and directory', async () => {
  const root = await ssh(`root@${address}`, 'id -un; pwd; echo $FROM $HOME $USER; echo err >&2; exit 7');
  assert.equal(root.stdout, 'root\n/root\nimage /root root\n');
  assert.equal(root.stderr, 'err\n');
  assert.equal(root.code, 7);
  const user = await ssh(`user@${address}`, 'id -u; pwd; touch /root/x; echo $LC_TEST', [
    '-o',
    'SetEnv=LC_TEST=given LD_PRELOAD=/x',
  ]);
  assert.equal(user.stdout, '1000\n/home\ngiven\n');
  assert.match(user.stderr, /denied/);
  assert.equal((await ssh(`root@${address}`, 'wc -c', [], 'x'.repeat(300_000))).stdout.trim(), '300000');
  assert.match((await ssh(`nobody-here@${address}`, 'true')).stderr, /no user nobody-here/);
  assert.equal((await ssh(`root@${address}`, 'kill -9 $$')).code, 137);
});

test('a terminal: a login shell, its size, and every key', async () => {
  const child = spawn(
    'script',
    ['-qec', `stty rows 33 cols 111; ssh ${options().join(' ')} -tt root@${address}`, '/dev/null'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  let seen = '';
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString('utf8')));
  await eventually('a prompt', async () => /[#$] /.test(seen), 30_000);
  // ctrl-p ctrl-q would detach from an exec; here they are the shell's.
  child.stdin.write('\x10\x11tty; stty size; echo $TERM\n');
  await eventually('the size', async () => /33 111/.test(seen));
  child.stdin.write('exit 5\n');
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 5, seen);
  assert.match(seen, /\/dev\/pts\//);
});

test('sftp and scp, in an image that has neither', async (t) => {
  if (!existsSync(SFTP)) {
    assert.match(
      (await exec('sftp', [...options(), `root@${address}`], { allowFailure: true, input: 'ls\n' })).stderr,
      /sftp-server|closed/,
    );
    return t.skip('openssh-sftp-server is not installed on this host');
  }
  const file = join(directory, 'file');
  writeFileSync(file, Buffer.alloc(3_000_000, 'sftp'));
  await exec('scp', [...options(), file, `root@${address}:/root/copy`], { timeout: 60_000 });
  assert.match((await ssh(`root@${address}`, 'ls -l /root/copy')).stdout, /3000000/);
  await exec('scp', [...options(), `root@${address}:/root/copy`, join(directory, 'back')], { timeout: 60_000 });
  assert.ok(readFileSync(file).equals(readFileSync(join(directory, 'back'))));
  const batch = 'mkdir d\nput /etc/hostname d/h\nrename d/h d/i\nls -l d\n';
  const listed = await exec('sftp', [...options(), '-b', '-', `user@${address}`], {
    input: batch,
    timeout: 60_000,
    allowFailure: true,
  });
  assert.match(listed.stderr + listed.stdout, /ermission denied/, "the user's rights are the container's");
});

test('a forwarded port is reached from inside', async () => {
  await daemon.pouch([
    'exec',
    '-d',
    'box',
    'sh',
    '-c',
    'mkdir -p /www; echo inside > /www/index.html; httpd -f -p 127.0.0.1:8080 -h /www',
  ]);
  const local = 20_000 + (process.pid % 10_000);
  const child = spawn('ssh', [...options(), '-N', '-L', `${local}:localhost:8080`, `root@${address}`], {
    stdio: 'inherit',
  });
  try {
    const page = await eventually(
      'the page',
      async () => {
        const answer = await fetch(`http://127.0.0.1:${local}/`).catch(() => undefined);
        return answer?.ok ? await answer.text() : undefined;
      },
      30_000,
    );
    assert.equal(page, 'inside\n');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});

test('another key, a password and a container that did not ask get nothing', async () => {
  const refused = await exec('ssh', [...options(other), `root@${address}`, 'true'], { allowFailure: true });
  assert.equal(refused.code, 255);
  assert.match(refused.stderr, /Permission denied \(publickey\)/);
  await daemon.pouch(['run', '-d', '--name', 'silent', 'busybox', 'sleep', '1000']);
  const socket = connect({ host: await addressOf('silent'), port: 22 });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNREFUSED');
  await remove(daemon, 'silent');
  const create = async (...flags: string[]): Promise<string> =>
    (await daemon.pouch(['create', ...flags, 'busybox'], { allowFailure: true })).stderr;
  assert.match(await create('--ssh'), /at least one public key/);
  assert.match(await create('--ssh-key', 'ssh-ed25519 AAAA'), /damaged/);
  assert.match(await create('--ssh-key', `${key}.pub`, '--network', 'host'), /address of the container's own/);
  assert.match(await create('--ssh-key', 'ssh-rsa-nonsense x'), /no public key/);
});

test('a start that fails, while its server and its limits are set up, says so and leaves neither', async () => {
  const flags = ['--ssh-key', `${key}.pub`, '--net-egress', '20mbit', '--net-ingress', '20mbit'];
  const before = new Set((await listLinks()).map(({ ifname }) => ifname));
  for (let round = 0; round < 3; round += 1) {
    const { code, stderr } = await daemon.pouch(['run', '--name', 'fails', ...flags, 'busybox', 'no-such-command'], {
      allowFailure: true,
    });
    assert.equal(code, 127, stderr);
    assert.equal((await inspect(daemon, 'fails')).State.Status, 'created');
    await remove(daemon, 'fails');
  }
  const left = async (): Promise<string[]> =>
    (await listLinks()).filter(({ ifname, kind }) => kind === 'ifb' && !before.has(ifname)).map(({ ifname }) => ifname);
  await eventually('no device is left', async () => (await left()).length === 0);
  assert.equal((await ssh(`root@${address}`, 'true')).code, 0, 'others go on');
});

test('logins are events; the server is back after pouchd and with the same host key', async () => {
  const since = Math.floor(Date.now() / 1000) - 1;
  assert.equal((await ssh(`root@${address}`, 'true')).code, 0);
  await sleep(200);
  const events = await daemon.pouch([
    'events',
    '--since',
    String(since),
    '--until',
    String(Math.ceil(Date.now() / 1000)),
    '--filter',
    'container=box',
    '--format',
    '{{.Action}} {{.Actor.Attributes.user}} {{.Actor.Attributes.key}}',
  ]);
  assert.match(events.stdout, /^ssh_login root SHA256:\S{43}$/m);
  assert.match(events.stdout, /^ssh_logout root/m);
  await daemon.down('SIGKILL');
  await daemon.up();
  await eventually('a login', async () => (await ssh(`root@${address}`, 'true')).code === 0, 30_000);
  await daemon.pouch(['restart', '-t', '0', 'box']);
  assert.equal((await ssh(`root@${await addressOf('box')}`, 'true')).code, 0);
});

test('in a machine with an SSH server of its own, ours has the port', { skip: withoutMachine() }, async () => {
  await importMachine(daemon);
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'machine',
    '--rich',
    '--rich-mode',
    'systemd',
    '--ssh-key',
    `${key}.pub`,
    'machine:systemd',
  ]);
  const machine = await addressOf('machine');
  await eventually(
    'systemd is running',
    async () => (await ssh(`root@${machine}`, 'systemctl is-system-running')).stdout === 'running\n',
    60_000,
  );
  assert.match((await ssh(`root@${machine}`, 'systemctl is-active ssh nginx')).stdout, /^inactive\nactive$/m);
  const forwarded = await ssh(`root@${machine}`, 'id -un; tty', ['-tt']);
  assert.match(forwarded.stdout, /root\r\n\/dev\/pts/);
  await remove(daemon, 'machine');
});
