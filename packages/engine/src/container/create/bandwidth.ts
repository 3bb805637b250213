import type { HostConfig, Resources } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { parseRate } from '@pouch/linux';
import type { BandwidthLimits } from '../../network/bandwidth-limits.ts';
import { containerOfMode } from '../spec/namespace-mode.ts';
import { invalid } from './invalid.ts';

/** The limits on traffic in the network's form; nothing where none are asked for. Throws invalid-argument. */
export function bandwidthOf({ NetIngress, NetEgress }: Resources): { readonly bandwidth?: BandwidthLimits } {
  if (!NetIngress && !NetEgress) return {};
  return {
    bandwidth: {
      ...(NetIngress && { ingress: parseRate(NetIngress) }),
      ...(NetEgress && { egress: parseRate(NetEgress) }),
    },
  };
}

/** Throws invalid-argument or unsupported. `missing`: why this host has no classes. */
export function validatePriority(
  { NetPriority = 0, NetworkMode: mode = '' }: HostConfig,
  missing: string | undefined,
): void {
  if (NetPriority === 0) return;
  if (!Number.isInteger(NetPriority) || NetPriority < 1 || NetPriority > 7) {
    throw invalid(`invalid network priority ${NetPriority}: 1 (served first) to 7, or 0 for none`);
  }
  if (mode === 'host' || mode === 'none' || containerOfMode(mode) !== undefined) {
    throw invalid(`--net-priority needs an address of the container's own, which network ${mode} has not`);
  }
  if (missing !== undefined) throw new PouchError('unsupported', `--net-priority: ${missing}.`);
}

/** Throws invalid-argument or unsupported. `missing`: why this host cannot limit traffic. */
export function validateBandwidth(hostConfig: HostConfig, missing: string | undefined): void {
  const { bandwidth } = bandwidthOf(hostConfig);
  if (!bandwidth) return;
  const { NetworkMode: mode = '' } = hostConfig;
  if (mode === 'host' || mode === 'none' || containerOfMode(mode) !== undefined) {
    throw invalid(
      `--net-ingress and --net-egress need interfaces of the container's own, which network ${mode} has not`,
    );
  }
  if (missing !== undefined) throw new PouchError('unsupported', `--net-ingress and --net-egress: ${missing}.`);
}
