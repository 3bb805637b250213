/** Upgrades of one container under load: `node test/fault/upgrades.ts [COUNT] [FAILING] [KILLS] [SEED]`. */
import { TestDaemon } from '../harness/test-daemon.ts';
import { describeReport, runUpgrades } from './upgrade-run.ts';

const [count = 100, failing = 20, kills = 20, seed = Date.now() % 100_000] = process.argv.slice(2).map(Number);
console.log(`seed ${seed}`);
await using daemon = await TestDaemon.start();
console.log(
  describeReport(
    await runUpgrades(daemon, {
      count: count + failing + kills,
      failing,
      kills,
      seed,
      log: (line) => console.log(line),
    }),
  ),
);
await daemon.pouch(['rm', '-f', 'service']);
