import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { inspect, remove, start } from './container.kit.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

const shell = async (flags: readonly string[], script: string): Promise<string> =>
  await daemon.run([...flags, 'busybox', 'sh', '-c', script]);

async function fails(args: readonly string[]): Promise<string> {
  const answer = await daemon.pouch(args, { allowFailure: true });
  assert.notEqual(answer.code, 0, answer.stdout);
  return answer.stderr;
}

test('a named volume outlives its containers', async () => {
  await shell(['-v', 'named:/data'], 'echo kept > /data/file');
  assert.equal(await shell(['-v', 'named:/other'], 'cat /other/file'), 'kept');
  assert.equal(await shell(['-v', 'named:/data:ro'], 'echo > /data/x 2>/dev/null || echo refused'), 'refused');
  const format = '{{.Name}} {{.Driver}} {{.Scope}}';
  assert.equal((await daemon.pouch(['volume', 'inspect', '-f', format, 'named'])).stdout, 'named local local\n');
  const point = (await daemon.pouch(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'named'])).stdout.trim();
  assert.equal(readFileSync(join(point, 'file'), 'utf8'), 'kept\n');
  assert.match((await daemon.pouch(['volume', 'ls'])).stdout, /^DRIVER +VOLUME NAME\nlocal +named\n$/m);
});

test("the image's content is copied in, once and only into an empty volume", async () => {
  assert.match(await shell(['-v', 'filled:/etc'], 'cat /etc/passwd'), /^root:/);
  await shell(['-v', 'filled:/mnt'], 'echo changed > /mnt/passwd');
  assert.equal(await shell(['-v', 'filled:/etc'], 'cat /etc/passwd'), 'changed');
  assert.equal(await shell(['-v', 'bare:/etc:nocopy'], 'ls /etc/passwd 2>/dev/null || echo empty'), 'empty');
  const mount = 'type=volume,source=bare2,target=/etc,volume-nocopy';
  assert.equal(await shell(['--mount', mount], 'ls /etc/passwd 2>/dev/null || echo empty'), 'empty');
  await daemon.pouch(['volume', 'rm', 'filled', 'bare', 'bare2']);
});

test('a volume in use is not removed', async () => {
  const id = (await daemon.pouch(['run', '-d', '-v', 'used:/data', 'busybox', 'sleep', '1000'])).stdout.trim();
  assert.match(await fails(['volume', 'rm', 'used']), new RegExp(`volume is in use.*${id}`));
  await daemon.pouch(['stop', '-t', '0', id]);
  assert.match(await fails(['volume', 'rm', 'used']), /volume is in use/);
  await daemon.pouch(['rm', '-v', id]);
  assert.equal((await daemon.api('GET', '/volumes/used')).status, 200);
  assert.equal((await daemon.pouch(['volume', 'rm', 'used'])).stdout, 'used\n');
  assert.match(await fails(['volume', 'rm', 'used']), /no such volume/i);
});

test('volumes-from takes the mounts of another', async () => {
  const id = await start(daemon, ['sleep', '1000'], { HostConfig: { Binds: ['shared:/data'] } }, 'giver');
  await daemon.pouch(['exec', id, 'sh', '-c', 'echo given > /data/file']);
  assert.equal(await shell(['--volumes-from', 'giver'], 'cat /data/file'), 'given');
  assert.equal(await shell(['--volumes-from', 'giver:ro'], 'echo > /data/x 2>/dev/null || cat /data/file'), 'given');
  assert.match(await fails(['run', '--rm', '--volumes-from', 'nosuch', 'busybox', 'true']), /nosuch/);
  await remove(daemon, id);
});

test('tmpfs, as a flag and as a mount', async () => {
  assert.match(
    await shell(['--tmpfs', '/scratch:size=2m,mode=1770'], 'df -k /scratch; stat -c %a /scratch'),
    /\s2048\s[^]*1770$/,
  );
  const mount = 'type=tmpfs,target=/scratch,tmpfs-size=3m,tmpfs-mode=700';
  assert.match(await shell(['--mount', mount], 'df -k /scratch; stat -c %a /scratch'), /\s3072\s[^]*700$/);
});

test('local volumes with options of mount', async () => {
  await daemon.pouch([
    'volume',
    'create',
    '-o',
    'type=tmpfs',
    '-o',
    'device=tmpfs',
    '-o',
    'o=size=4m,uid=1000',
    'memory',
  ]);
  assert.match(await shell(['-v', 'memory:/m'], 'df -k /m; stat -c %u /m'), /\s4096\s[^]*1000$/);
  const directory = join(daemon.directory, 'bound');
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'outside');
  await daemon.pouch(['volume', 'create', '-o', 'type=none', '-o', `device=${directory}`, '-o', 'o=bind', 'bound']);
  assert.equal(await shell(['-v', 'bound:/b'], 'cat /b/file'), 'outside');
  await daemon.pouch(['volume', 'rm', 'memory', 'bound']);
  assert.ok(existsSync(join(directory, 'file')));
  assert.match(await fails(['volume', 'create', '-o', 'nosuch=1', 'bad']), /nosuch/);
});

test('a part of a volume', async () => {
  await shell(['-v', 'parts:/p'], 'mkdir -p /p/one/two; echo deep > /p/one/two/file; ln -s / /p/out');
  const mount = (path: string): string[] => ['--mount', `type=volume,source=parts,target=/m,volume-subpath=${path}`];
  assert.equal(await shell(mount('one/two'), 'cat /m/file'), 'deep');
  for (const path of ['missing', '../..', 'out/etc']) await fails(['run', '--rm', ...mount(path), 'busybox', 'true']);
  await daemon.pouch(['volume', 'rm', 'parts']);
});

test('prune takes the unused anonymous ones, and with --all the named ones too', async () => {
  const anonymous = (await daemon.pouch(['volume', 'create'])).stdout.trim();
  await daemon.pouch(['volume', 'create', '--label', 'keep=yes', 'pruned']);
  const id = await start(daemon, ['sleep', '1000'], { HostConfig: { Binds: ['busy:/data'] } });
  const first = await daemon.pouch(['volume', 'prune', '-f']);
  assert.match(first.stdout, new RegExp(anonymous));
  assert.equal((await daemon.api('GET', '/volumes/pruned')).status, 200);
  await daemon.pouch(['volume', 'prune', '-af', '--filter', 'label!=keep']);
  assert.equal((await daemon.api('GET', '/volumes/pruned')).status, 200);
  await daemon.pouch(['volume', 'prune', '-af']);
  assert.equal((await daemon.api('GET', '/volumes/pruned')).status, 404);
  assert.equal((await daemon.api('GET', '/volumes/busy')).status, 200);
  await remove(daemon, id);
});

test('inspect tells every mount', async () => {
  const id = (
    await daemon.pouch([
      'create',
      '-v',
      'told:/named',
      '-v',
      '/anonymous',
      '-v',
      `${daemon.directory}:/bound:ro`,
      '--tmpfs',
      '/scratch',
      'busybox',
    ])
  ).stdout.trim();
  const mounts = (await inspect(daemon, id)).Mounts.toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1));
  assert.deepEqual(
    mounts.map(({ Type, Destination, RW }) => [Type, Destination, RW]),
    [
      ['volume', '/anonymous', true],
      ['bind', '/bound', false],
      ['volume', '/named', true],
    ],
  );
  await remove(daemon, id);
});

test('a file is mounted read-only too', async () => {
  const file = join(daemon.directory, 'single');
  writeFileSync(file, 'content');
  assert.equal(
    await shell(['-v', `${file}:/etc/single:ro`], 'cat /etc/single; (echo > /etc/single) 2>/dev/null || echo refused'),
    'contentrefused',
  );
});
