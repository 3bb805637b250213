import { ACCEPTED_DIFFERENCES, type AcceptedDifference } from '../accepted-differences.ts';
import { OLDER_DOCKER } from '../older-docker.ts';
import { compare, type Comparison } from './compare.ts';
import type { Engines } from './engine.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

/** What may differ from the dockerd that runs are held against: the newest, or with POUCH_COMPAT_DEBIAN=1 Debian's 20.10. */
export function acceptedDifferences(): readonly AcceptedDifference[] {
  return process.env.POUCH_COMPAT_DEBIAN ? [...ACCEPTED_DIFFERENCES, ...OLDER_DOCKER] : ACCEPTED_DIFFERENCES;
}

/** Run scenarios on both engines, `concurrency` of them at once save those that must be alone, which come last. */
export async function runAll(
  list: readonly Scenario[],
  engines: Engines,
  concurrency: number,
  told: (scenario: Scenario, comparison: Comparison, milliseconds: number) => void = () => {},
): Promise<Comparison> {
  const differences: Comparison['differences'][number][] = [];
  const met = new Set<string>();
  const one = async (scenario: Scenario): Promise<void> => {
    const begin = performance.now();
    const [pouch, docker] = await Promise.all([
      runScenario(scenario, engines.pouch),
      runScenario(scenario, engines.docker),
    ]);
    const comparison = compare(scenario, { pouch, docker }, engines, acceptedDifferences());
    differences.push(...comparison.differences);
    for (const id of comparison.met) met.add(id);
    told(scenario, comparison, performance.now() - begin);
  };
  const queue = list.filter(({ alone }) => !alone);
  const workers = Array.from({ length: concurrency }, async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await one(next);
  });
  await Promise.all(workers);
  for (const scenario of list.filter(({ alone }) => alone)) await one(scenario);
  return { differences, met };
}
