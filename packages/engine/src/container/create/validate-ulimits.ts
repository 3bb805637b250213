import type { HostConfig } from '@pouch/api';
import { type HostFacts, mayRaiseLimits } from '../spec/host-facts.ts';
import { RLIMITS } from '../spec/rlimits.ts';
import { invalid } from './invalid.ts';

/** Check `--ulimit`; warns of those that the daemon itself may not grant, which are lowered at start. */
export function validateUlimits(config: HostConfig, host: HostFacts): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const { Name = '', Soft = 0, Hard = Soft } of config.Ulimits ?? []) {
    const type = RLIMITS.get(Name);
    if (type === undefined) throw invalid(`invalid ulimit type: ${Name}`);
    if (seen.has(Name)) throw invalid(`ulimit ${Name} is given twice`);
    seen.add(Name);
    if (Math.max(Soft, Hard) >= 2 ** 63) throw invalid(`ulimit ${Name} is out of range`);
    if (Soft < -1 || Hard < -1) throw invalid(`invalid ulimit ${Name}: use -1 for unlimited`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
    const ceiling = host.hardLimits[type];
    if (ceiling !== undefined && !mayRaiseLimits(host) && (Hard === -1 || BigInt(Hard) > ceiling)) {
      warnings.push(
        `ulimit ${Name} is lowered to ${ceiling}: the daemon may not grant more (it lacks CAP_SYS_RESOURCE).`,
      );
    }
  }
  return warnings;
}
