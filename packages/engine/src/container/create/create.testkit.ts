import type { ContainerCreateRequest } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { DEFAULT_CAPABILITIES } from '@pouch/oci';
import type { ImageRunConfig } from '@pouch/oci';
import type { ContainerImage } from '../../image/image-service.ts';
import { noQuotas } from '../../quota/no-quotas.testkit.ts';
import { MemoryVolumes } from '../../volume/memory-volumes.testkit.ts';
import type { HostFacts } from '../spec/host-facts.ts';
import type { KnownContainer, PrepareContext, PreparedContainer } from './context.ts';
import { prepareContainer } from './prepare-container.ts';

/** A host with two CPUs that can do everything but change its own limits. */
export const TEST_HOST: HostFacts = {
  hostname: 'host',
  cgroupVersion: 2,
  limits: {
    memory: true,
    memoryReservation: true,
    swap: true,
    swappiness: false,
    oomKillDisable: false,
    cpuShares: true,
    cpuQuota: true,
    cpuRealtime: false,
    cpuset: true,
    pids: true,
    cpuBurst: true,
    memoryMarks: true,
    cacheReclaim: true,
    blkioWeight: true,
    blkioThrottle: true,
  },
  onlineCpus: '0-1',
  memoryNodes: '0',
  nodeCpus: { '0': '0-1' },
  resctrl: false,
  boundingCapabilities: [...DEFAULT_CAPABILITIES, 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'],
  hardLimits: { RLIMIT_NOFILE: 1024n },
  oomScoreAdj: 0,
  seccomp: true,
  apparmor: false,
  selinux: false,
  recursiveReadOnly: true,
};

export const TEST_ID = 'abcdef012345'.padEnd(64, '0');

export function testImage(config: ImageRunConfig = {}): ContainerImage {
  return {
    id: 'sha256:1',
    manifestDigest: 'sha256:1',
    config: { os: 'linux', architecture: 'amd64', config, rootfs: { type: 'layers', diff_ids: [] }, history: [] },
    manifestSize: 1,
    manifestType: 'application/vnd.oci.image.manifest.v1+json',
    chainId: '',
    platform: { os: 'linux', architecture: 'amd64' },
  };
}

export function testContext(
  root: string,
  containers: readonly KnownContainer[] = [],
): PrepareContext & { volumes: MemoryVolumes } {
  return {
    id: TEST_ID,
    host: TEST_HOST,
    defaults: { logConfig: { Type: 'json-file', Config: { 'max-size': '10m' } }, runtime: 'runc' },
    runtimes: new Set(['runc', 'crun']),
    logDrivers: new Map([
      ['json-file', new Set(['max-size', 'max-file', 'mode', 'max-buffer-size'])],
      ['none', new Set<string>()],
    ]),
    volumes: new MemoryVolumes(root),
    quotas: noQuotas(),
    findContainer: async (reference) => {
      const found = containers.find(({ id, name }) => id === reference || name === reference);
      if (!found) throw new PouchError('not-found', `No such container: ${reference}`);
      return found;
    },
    findNetwork: async (name) => {
      if (name === 'missing') return undefined;
      return { name, driver: name === 'host' || name === 'none' ? name : 'bridge' };
    },
  };
}

/** Prepare a request whose command is `true` unless it says otherwise. */
export async function prepare(
  context: PrepareContext,
  request: ContainerCreateRequest = {},
  image: ImageRunConfig = {},
): Promise<PreparedContainer> {
  return await prepareContainer({ Cmd: ['true'], ...request }, testImage(image), context);
}
