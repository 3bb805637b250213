import type { Resources } from '@pouch/api';

/** Limits beyond those that every runtime knows, as files of control groups. */
interface ExtraLimits {
  /** Controller of v1, file, value. */
  readonly v1: readonly (readonly [controller: string, file: string, value: string])[];
  /** Files of cgroup2. */
  readonly v2: Readonly<Record<string, string>>;
}

/** High, low and minimum memory marks have no counterpart in v1; the CPU burst has. */
export function extraLimitFiles(config: Resources): ExtraLimits {
  const { MemoryHigh, MemoryLow, MemoryMin, CpuBurst } = config;
  return {
    v1: CpuBurst ? [['cpu', 'cpu.cfs_burst_us', String(CpuBurst)]] : [],
    v2: {
      ...(MemoryHigh && { 'memory.high': String(MemoryHigh) }),
      ...(MemoryLow && { 'memory.low': String(MemoryLow) }),
      ...(MemoryMin && { 'memory.min': String(MemoryMin) }),
      ...(CpuBurst && { 'cpu.max.burst': String(CpuBurst) }),
    },
  };
}

/** For the runtime, which tells systemd of them where that keeps the groups. */
export function unifiedLimits(config: Resources): { readonly unified?: Record<string, string> } {
  const { v2 } = extraLimitFiles(config);
  return Object.keys(v2).length > 0 ? { unified: { ...v2 } } : {};
}
