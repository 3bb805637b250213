import { setTimeout as sleep } from 'node:timers/promises';
import { type HostState, leftBehind, readHostState } from '../../test/harness/host-state.ts';
import type { Outcome } from './outcome.ts';

/** What systemd does on its own account while the tests run. */
const FOREIGN = [
  /^cgroups: .*\.(service|slice|socket|mount|timer)$/,
  /^cgroups: .*\/session-[^/]*\.scope$/,
  /^mounts: (\/run\/user\/|\/run\/credentials\/|\/proc\/sys\/fs\/binfmt_misc)/,
];

/** How long a process may take to end after its test has. */
const PATIENCE_MS = 15_000;

/** Compares the host now with `before`: a test as any other, which fails for each thing that was left behind. */
export async function compareHost(before: HostState): Promise<Outcome> {
  const end = performance.now() + PATIENCE_MS;
  let left: string[] = [];
  do {
    left = leftBehind(before, await readHostState()).filter((thing) => !FOREIGN.some((pattern) => pattern.test(thing)));
    if (left.length > 0) await sleep(500);
  } while (left.length > 0 && performance.now() < end);
  const failures =
    left.length === 0
      ? []
      : [{ name: 'nothing is left on the host', place: 'compared before and after', detail: shorten(left).join('\n') }];
  return { passed: 1 - failures.length, failed: failures.length, failures, skipped: new Map() };
}

/** A control group of cgroup v1 once, not once per controller; and no more lines than one reads. */
function shorten(left: readonly string[]): string[] {
  const unique = new Set(left.map((thing) => thing.replace(/^(cgroups: \/sys\/fs\/cgroup)\/[a-z_,]+\//, '$1/*/')));
  const lines = [...unique];
  return lines.length <= 40 ? lines : [...lines.slice(0, 40), `… and ${lines.length - 40} more`];
}
