import type { HostConfig } from '@pouch/api';
import type { Container } from '../container.ts';
import type { ContainerIndex } from '../container-index.ts';
import { assignCpus, AUTO_CPUS } from '../spec/index.ts';

/** The CPUs for a container with these limits beside those that run or are about to; undefined where they are not left to the daemon. */
export function chooseCpus(
  container: Container,
  config: HostConfig,
  index: ContainerIndex,
  online: string,
): string | undefined {
  if (config.CpusetCpus !== AUTO_CPUS) return undefined;
  const others = index.all().filter((other) => other !== container && (other.live || isOnItsWay(other)));
  const { assignedCpus } = container.record;
  const own = { hostConfig: config, ...(assignedCpus !== undefined && { assignedCpus }) };
  return assignCpus(
    own,
    online,
    others.map(({ record }) => record),
  );
}

function isOnItsWay({ status }: Container): boolean {
  return status === 'starting' || status === 'restarting';
}
