import { typeName } from './any.ts';
import { Metrics as Cgroup1Metrics } from './generated/containerd/runtime/cgroup1.ts';
import { Metrics as Cgroup2Metrics } from './generated/containerd/runtime/cgroup2.ts';
import type { Metric } from './generated/containerd/types/common.ts';
import { toNanos } from './time.ts';

export type { Metrics as Cgroup1Metrics } from './generated/containerd/runtime/cgroup1.ts';
export type { Metrics as Cgroup2Metrics } from './generated/containerd/runtime/cgroup2.ts';

/** One container's resource use, in the words of the host's cgroup version. */
export type TaskMetric = {
  readonly containerId: string;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint | undefined;
} & (
  | { readonly cgroup: 1; readonly metrics: Cgroup1Metrics }
  | { readonly cgroup: 2; readonly metrics: Cgroup2Metrics }
  | { readonly cgroup: undefined; readonly typeUrl: string }
);

export function decodeMetric(metric: Metric): TaskMetric {
  const base = { containerId: metric.id, timestamp: toNanos(metric.timestamp) };
  const { data } = metric;
  if (data && typeName(data) === 'io.containerd.cgroups.v1.Metrics') {
    return { ...base, cgroup: 1, metrics: Cgroup1Metrics.decode(data.value) };
  }
  if (data && typeName(data) === 'io.containerd.cgroups.v2.Metrics') {
    return { ...base, cgroup: 2, metrics: Cgroup2Metrics.decode(data.value) };
  }
  return { ...base, cgroup: undefined, typeUrl: data?.typeUrl ?? '' };
}
