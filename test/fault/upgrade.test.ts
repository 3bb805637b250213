import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestDaemon } from '../harness/test-daemon.ts';
import { describeReport, runUpgrades, snapshotsOf } from './upgrade-run.ts';

test('upgrades under load: failures go back by themselves, kills end on one image or the other, nothing is lost', async (t) => {
  await using daemon = await TestDaemon.start();
  const report = await runUpgrades(daemon, { count: 14, failing: 4, kills: 4, seed: Date.now() % 100_000 });
  t.diagnostic(describeReport(report));
  assert.equal(report.upgraded, 6);
  assert.equal(report.rolledBack, 4);
  assert.ok((await snapshotsOf(daemon)) <= 2, 'only its own and that of the last one are kept');
  await daemon.pouch(['rm', '-f', 'service']);
  assert.equal(await snapshotsOf(daemon), 0);
});
