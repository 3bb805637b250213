import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { create, docker, exitCode, remove, start } from './container.kit.ts';

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

test('cp carries files, directories and links both ways, of running and stopped containers', async () => {
  const id = await start(daemon, ['sleep', '1000'], {}, 'files');
  const from = join(daemon.directory, 'from');
  mkdirSync(join(from, 'sub'), { recursive: true });
  writeFileSync(join(from, 'sub/file'), 'content', { mode: 0o640 });
  symlinkSync('file', join(from, 'sub/link'));
  await daemon.pouch(['cp', from, 'files:/tmp/to']);
  const { stdout } = await daemon.pouch(['exec', id, 'sh', '-c', 'cat /tmp/to/sub/link; stat -c %a /tmp/to/sub/file']);
  assert.equal(stdout, 'content640\n');
  await daemon.pouch(['exec', id, 'sh', '-c', 'mkdir /out; echo inside > /out/made; ln -s made /out/link']);
  await daemon.pouch(['stop', '-t', '0', id]);
  const back = join(daemon.directory, 'back');
  await daemon.pouch(['cp', 'files:/out', back]);
  assert.equal(readFileSync(join(back, 'made'), 'utf8'), 'inside\n');
  assert.equal(readlinkSync(join(back, 'link')), 'made');
  await docker(daemon, ['cp', 'files:/tmp/to/sub/file', join(daemon.directory, 'one')]);
  assert.equal(statSync(join(daemon.directory, 'one')).mode & 0o777, 0o640);
  const missing = await daemon.pouch(['cp', 'files:/nosuch', back], { allowFailure: true });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /nosuch/);
  await remove(daemon, id);
});

test('diff, export and commit show what the container changed', async () => {
  const id = await start(daemon, ['sh', '-c', 'echo new > /added; rm /etc/group; echo x >> /etc/passwd']);
  await exitCode(daemon, id);
  assert.deepEqual((await daemon.pouch(['diff', id])).stdout.trim().split('\n').toSorted(), [
    'A /added',
    'C /etc',
    'C /etc/passwd',
    'D /etc/group',
  ]);
  const archive = join(daemon.directory, 'export.tar');
  await daemon.pouch(['export', '-o', archive, id]);
  const names = (await exec('tar', ['-tf', archive])).stdout.split('\n');
  assert.ok(names.includes('added') && !names.includes('etc/group'));
  const image = (
    await daemon.pouch(['commit', '-m', 'note', '-c', 'ENV MADE=1', '-c', 'CMD ["cat","/added"]', id, 'made:1'])
  ).stdout;
  assert.match(image, /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(await daemon.run(['made:1']), 'new');
  assert.equal(await daemon.run(['made:1', 'sh', '-c', 'echo $MADE; ls /etc/group 2>/dev/null']).catch(() => '1'), '1');
  await remove(daemon, id);
});

test('ps filters and formats', async () => {
  await start(daemon, ['sleep', '1000'], { Labels: { app: 'web', tier: 'a' } }, 'alpha');
  const beta = await start(daemon, ['sh', '-c', 'exit 3'], { Labels: { app: 'web' } }, 'beta');
  await exitCode(daemon, beta);
  await create(daemon, ['true'], {}, 'gamma');
  const names = async (...flags: string[]): Promise<string> =>
    (await daemon.pouch(['ps', ...flags, '--format', '{{.Names}}'])).stdout.trim().split('\n').toSorted().join(' ');
  assert.equal(await names(), 'alpha');
  assert.equal(await names('-a'), 'alpha beta gamma');
  assert.equal(await names('-n', '2'), 'beta gamma');
  assert.equal(await names('-l'), 'gamma');
  for (const [filter, expected] of [
    ['status=exited', 'beta'],
    ['status=created', 'gamma'],
    ['exited=3', 'beta'],
    ['label=app=web', 'alpha beta'],
    ['label=tier', 'alpha'],
    ['name=^/?al', 'alpha'],
    ['ancestor=busybox', 'alpha beta gamma'],
    ['before=beta', 'alpha'],
    ['since=beta', 'gamma'],
    [`id=${beta.slice(0, 6)}`, 'beta'],
    ['network=bridge', 'alpha beta gamma'],
    ['volume=nosuch', ''],
  ] as const) {
    assert.equal(await names('-a', '-f', filter), expected, filter);
  }
  const bad = await daemon.pouch(['ps', '-f', 'nosuch=1'], { allowFailure: true });
  assert.match(bad.stderr, /invalid filter/);
  const table = (await daemon.pouch(['ps', '-a'])).stdout.split('\n');
  assert.match(table[0] as string, /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
  const same = [
    'ps',
    '-a',
    '--format',
    '{{.ID}} {{.Image}} {{.Command}} {{.State}} {{.Names}} {{.Labels}} {{.Networks}}',
  ];
  assert.equal((await daemon.pouch(same)).stdout, (await docker(daemon, same)).stdout);
  const json = JSON.parse((await daemon.pouch(['ps', '-l', '--format', 'json'])).stdout) as { Names: string };
  assert.equal(json.Names, 'gamma');
  await remove(daemon, 'alpha', 'beta', 'gamma');
});

test("Docker's own client: run, input, exec, logs, wait, inspect", async () => {
  assert.equal((await docker(daemon, ['run', '--rm', 'busybox', 'echo', 'hello'])).stdout, 'hello\n');
  assert.equal(
    (await docker(daemon, ['run', '--rm', '-i', 'busybox', 'wc', '-l'], { input: 'a\nb\n' })).stdout.trim(),
    '2',
  );
  assert.equal(
    (await docker(daemon, ['run', '--rm', 'busybox', 'sh', '-c', 'exit 7'], { allowFailure: true })).code,
    7,
  );
  assert.equal((await docker(daemon, ['run', '--rm', 'busybox', 'nosuch'], { allowFailure: true })).code, 127);
  const id = (await docker(daemon, ['run', '-d', 'busybox', 'sh', '-c', 'echo logged; sleep 1000'])).stdout.trim();
  assert.equal((await docker(daemon, ['exec', '-i', id, 'cat'], { input: 'through' })).stdout, 'through');
  assert.equal((await docker(daemon, ['logs', id])).stdout, 'logged\n');
  assert.match((await docker(daemon, ['stats', '--no-stream', '--format', '{{.PIDs}}', id])).stdout, /^[12]\n$/);
  await docker(daemon, ['stop', '-t', '0', id]);
  assert.equal((await docker(daemon, ['wait', id])).stdout, '137\n');
  assert.equal((await docker(daemon, ['inspect', '-f', '{{.State.Status}}', id])).stdout, 'exited\n');
  await docker(daemon, ['rm', id]);
});
