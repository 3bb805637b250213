import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, logsOf, remove } from '../container/container.kit.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  for (const [name, changes] of [
    ['app:1', ['CMD ["sh", "-c", "cat /version; sleep 100000"]', 'ENV V=1']],
    ['app:2', ['CMD ["sh", "-c", "cat /version; sleep 100000"]', 'ENV V=2', 'VOLUME /state']],
  ] as const) {
    await daemon.pouch([
      'run',
      '--name',
      'maker',
      'busybox',
      'sh',
      '-c',
      `echo ${name} > /version; mkdir /state; echo seed > /state/seed`,
    ]);
    await daemon.pouch(['commit', ...changes.flatMap((change) => ['-c', change]), 'maker', name]);
    await daemon.pouch(['rm', 'maker']);
  }
});

after(async () => await daemon[Symbol.asyncDispose]());

test('to another image and back: the container is the same, with its address, ports and volumes', async () => {
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    'app',
    '--stop-signal',
    'KILL',
    '-p',
    '80',
    '-v',
    'data:/data',
    '-e',
    'OWN=1',
    '--memory',
    '64m',
    'app:1',
  ]);
  await daemon.pouch(['exec', 'app', 'sh', '-c', 'echo kept > /data/file; echo lost > /file']);
  const old = await inspect(daemon, 'app');
  const said = await daemon.pouch(['upgrade', '--image', 'app:2', '--watch', '300ms', 'app']);
  assert.match(said.stderr, /was app:1, down for \d+ ms/);
  const found = await inspect(daemon, 'app');
  assert.equal(found.Id, old.Id);
  assert.deepEqual(found.NetworkSettings.Ports, old.NetworkSettings.Ports);
  assert.equal(found.NetworkSettings.Networks.bridge?.IPAddress, old.NetworkSettings.Networks.bridge?.IPAddress);
  assert.equal(found.HostConfig.Memory, 64 * 1024 * 1024);
  assert.equal(found.Config.Image, 'app:2');
  assert.equal(found.Upgrade?.PreviousImage, 'app:1');
  const inside = async (command: string): Promise<string> =>
    (await daemon.pouch(['exec', 'app', 'sh', '-c', command])).stdout.trim();
  assert.equal(
    await inside('cat /version /data/file /state/seed; echo $V $OWN; ls /file 2>/dev/null || true'),
    'app:2\nkept\nseed\n2 1',
  );
  assert.match(await logsOf(daemon, 'app'), /^app:1\napp:2$/m, 'one log');
  assert.match((await daemon.pouch(['rmi', 'app:1'], { allowFailure: true })).stderr, /in use|being used|using/);
  await daemon.pouch(['upgrade', '--rollback', '--watch', '300ms', 'app']);
  assert.equal(await inside('cat /version /data/file /file; echo $V'), 'app:1\nkept\nlost\n1');
  assert.equal((await inspect(daemon, 'app')).Upgrade?.PreviousImage, 'app:2');
  await daemon.pouch([
    'upgrade',
    '--image',
    'app:2',
    '--watch',
    '0s',
    '-e',
    'OWN=2',
    'app',
    'sh',
    '-c',
    'echo another $OWN; sleep 1000',
  ]);
  await eventually('another command', async () => /^another 2$/m.test(await logsOf(daemon, 'app')));
  await remove(daemon, 'app');
});

test('a stopped one is changed without being started', async () => {
  await daemon.pouch(['create', '--name', 'idle', 'app:1']);
  await daemon.pouch(['upgrade', '--image', 'app:2', 'idle']);
  const found = await inspect(daemon, 'idle');
  assert.equal(found.State.Status, 'created');
  assert.equal(found.Config.Image, 'app:2');
  await remove(daemon, 'idle');
});

test('what cannot be upgraded is refused, and is as it was', async () => {
  await daemon.pouch(['run', '-d', '--name', 'busy', '--stop-signal', 'KILL', 'app:1']);
  const fails = async (...args: string[]): Promise<string> => {
    const answer = await daemon.pouch(['upgrade', ...args], { allowFailure: true });
    assert.notEqual(answer.code, 0, args.join(' '));
    return answer.stderr;
  };
  assert.match(await fails('--image', 'no-such:1', '--pull', 'never', 'busy'), /./);
  assert.match(await fails('--rollback', 'busy'), /nothing is kept/);
  assert.match(await fails('busy'), /--image or --rollback/);
  assert.match(
    await fails('--image', 'app:2', '--watch', '2s', 'busy', 'sh', '-c', 'echo broken; exit 4'),
    /failed and was rolled back: it ended with exit code 4/,
  );
  const found = await inspect(daemon, 'busy');
  assert.equal(found.State.Status, 'running');
  assert.equal(found.Config.Image, 'app:1');
  assert.equal(found.Upgrade, undefined);
  await daemon.pouch(['pause', 'busy']);
  assert.match(await fails('--image', 'app:2', 'busy'), /is paused/);
  await remove(daemon, 'busy');
  await daemon.pouch(['run', '-d', '--rm', '--name', 'gone', 'app:1']);
  assert.match(await fails('--image', 'app:2', 'gone'), /--rm/);
  await remove(daemon, 'gone');
});
