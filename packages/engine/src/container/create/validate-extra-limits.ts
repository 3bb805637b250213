import type { HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { type HostFacts, parseCpuList } from '../spec/host-facts.ts';
import { invalid } from './invalid.ts';

/** Limits beyond Docker's: checked, and those that stand for others put in their place. Throws invalid-argument or unsupported. */
export function validateExtraLimits(config: HostConfig, host: HostFacts): void {
  validateMarks(config, host);
  validateBurst(config, host);
  resolveNodes(config, host);
  const empty = config.MemoryForceEmptyCtl;
  if (empty !== undefined && empty !== 0 && empty !== 1)
    throw invalid(`invalid value ${empty} for MemoryForceEmptyCtl: 0 or 1`);
  if (empty === 1 && !host.limits.cacheReclaim)
    throw new PouchError('unsupported', '--memory-force-empty-ctl needs memory.reclaim on cgroup v2, of Linux 5.19.');
  const schema = config.IntelRdtL3Cbm;
  if (!schema) return;
  if (!/^L3(CODE|DATA)?:\d+=[0-9a-f]+(;\d+=[0-9a-f]+)*$/i.test(schema))
    throw invalid(`invalid L3 cache schema '${schema}': L3:0=f;1=f`);
  if (!host.resctrl) {
    throw new PouchError(
      'unsupported',
      '--intel-rdt-l3-cbm needs Intel RDT: a CPU with cache allocation, and mount -t resctrl resctrl /sys/fs/resctrl.',
    );
  }
}

function validateMarks(config: HostConfig, host: HostFacts): void {
  const ratio = config.MemoryWmarkRatio ?? 0;
  if (ratio < 0 || ratio > 100) throw invalid(`invalid value ${ratio} for MemoryWmarkRatio: 0 to 100`);
  if (ratio > 0) {
    if (!config.Memory) throw invalid('--memory-wmark-ratio needs a memory limit: set --memory');
    config.MemoryHigh ??= Math.floor((config.Memory * ratio) / 100);
  }
  const { MemoryMin: min = 0, MemoryLow: low = 0, MemoryHigh: high = 0, Memory: limit = 0 } = config;
  if ([min, low, high].some((value) => value < 0)) throw invalid('memory marks cannot be negative');
  if (min + low + high > 0 && !host.limits.memoryMarks) {
    throw new PouchError(
      'unsupported',
      '--memory-high, --memory-low, --memory-min and --memory-wmark-ratio need cgroup v2; v1 has --memory-reservation.',
    );
  }
  const marks = [min, low, high, limit].filter((value) => value > 0);
  if (marks.some((value, index) => index > 0 && value < (marks[index - 1] as number))) {
    throw invalid('memory marks must not exceed each other: min, low, high, memory');
  }
}

function validateBurst({ CpuBurst: burst = 0, NanoCpus = 0, CpuQuota = 0 }: HostConfig, host: HostFacts): void {
  if (burst === 0) return;
  if (!host.limits.cpuBurst) throw new PouchError('unsupported', '--cpu-burst needs Linux 5.14 and CPU quotas.');
  const quota = NanoCpus > 0 ? NanoCpus / 1e4 : CpuQuota;
  if (burst < 0 || quota <= 0 || burst > quota) {
    throw invalid(
      `invalid CPU burst ${burst}: microseconds, at most the quota (--cpus or --cpu-quota), here ${Math.max(quota, 0)}`,
    );
  }
}

/** Nodes become their CPUs and memory. */
function resolveNodes(config: HostConfig, host: HostFacts): void {
  const text = config.NumaNodes;
  if (!text) return;
  const nodes = [...(parseCpuList(text) ?? [])];
  if (nodes.length === 0) throw invalid(`invalid NUMA nodes '${text}': 0-1 or 0,2`);
  const unknown = nodes.find((node) => host.nodeCpus[node] === undefined);
  if (unknown !== undefined)
    throw invalid(`NUMA node ${unknown} does not exist: this host has ${Object.keys(host.nodeCpus).join(', ')}`);
  const cpus = nodes
    .map((node) => host.nodeCpus[node])
    .filter((list) => list !== '')
    .join(',');
  for (const [key, value] of [
    ['CpusetCpus', cpus],
    ['CpusetMems', nodes.join(',')],
  ] as const) {
    if (config[key] && config[key] !== value) throw invalid(`--numa-nodes and ${key} cannot both be set`);
    config[key] = value;
  }
}
