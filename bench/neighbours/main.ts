/**
 * bench/isolation table [--only RESOURCE]: for each resource a neighbour at full power beside a victim, and what the victim loses
 * without and with the neighbour's limit.
 */
import { parseArgs } from 'node:util';
import { errorMessage } from '@pouch/base';
import { FarHost } from './far-host.ts';
import { Stage } from './stage.ts';
import { loss, perform, type Trial } from './trial.ts';
import { trials } from './trials.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',');
let failures = 0;
await using far = new FarHost();
const needsNetwork = !wanted || wanted.some((name) => name === 'egress' || name === 'ingress');
if (needsNetwork) await far.start('40mbit');
console.log(
  `${'resource'.padEnd(12)}${'the victim’s'.padEnd(36)}${'alone'.padStart(8)}${'beside'.padStart(9)}${'loss'.padStart(7)}${'limited'.padStart(9)}${'loss'.padStart(7)}  the neighbour’s limit`,
);
for (const trial of trials(FarHost.address)) {
  if (wanted && !wanted.includes(trial.resource)) continue;
  try {
    console.log(await lineOf(trial));
  } catch (error) {
    failures += 1;
    console.error(`${trial.resource}: ${errorMessage(error)}`);
  }
}
if (!wanted || wanted.includes('/proc')) await procViews();
process.exitCode = failures > 0 ? 1 : 0;

async function lineOf(trial: Trial): Promise<string> {
  const head = `${trial.resource.padEnd(12)}${trial.measure.padEnd(36)}`;
  if (trial.skip !== undefined) return `${head}${trial.skip}`;
  await using stage = await Stage.build(trial.stage);
  const { alone, unlimited, limited } = await perform(trial, stage);
  const number = (value: number): string => value.toFixed(1);
  const percent = (value: number): string => `${loss(alone, value).toFixed(0)} %`.padStart(7);
  return `${head}${number(alone).padStart(8)}${number(unlimited).padStart(9)}${percent(unlimited)}${number(limited).padStart(9)}${percent(limited)}  ${trial.flags}`;
}

/** What a container of 64 MB and one CPU reads of memory and CPUs. */
async function procViews(): Promise<void> {
  await using stage = await Stage.build();
  const script = 'head -1 /proc/meminfo | tr -s " "; grep -c ^processor /proc/cpuinfo';
  for (const EnableLxcfs of [false, true]) {
    await stage.container('victim', { EnableLxcfs, Memory: 64 << 20, NanoCpus: 1e9 });
    const seen = (await stage.run('victim', script)).stdout.trim().split('\n').join(', CPUs: ');
    console.log(
      `${'/proc views'.padEnd(12)}${`view of 65536 kB, 1 CPU ${EnableLxcfs ? 'with' : 'without'} lxcfs`.padEnd(40)}${seen}`,
    );
    await stage.remove('victim');
  }
}
