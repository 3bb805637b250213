import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importMachine, withoutMachine } from '../../harness/machine-image.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, logsOf, remove } from '../container/container.kit.ts';

test("an inittab: System V's init", { skip: withoutMachine('sysvinit') }, async () => {
  await using daemon = await TestDaemon.start();
  await importMachine(daemon, 'sysvinit');
  const command = 'id -u; trap "echo bye; exit 6" TERM; while :; do sleep 1; done';
  const flags = ['-d', '--name', 'sysv', '--rich', '--rich-mode', 'sbin-init', '-u', 'www-data'];
  await daemon.pouch(['run', ...flags, 'machine:sysvinit', 'sh', '-c', command]);
  await eventually('the command runs', async () => /^33$/m.test(await logsOf(daemon, 'sysv')), 30_000);
  await daemon.pouch(['stop', '-t', '30', 'sysv']);
  assert.match(await logsOf(daemon, 'sysv'), /^bye$/m);
  assert.equal((await inspect(daemon, 'sysv')).State.ExitCode, 6);
  await remove(daemon, 'sysv');
});
