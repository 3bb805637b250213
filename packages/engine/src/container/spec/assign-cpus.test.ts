import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '@pouch/api';
import { assignCpus, fillMachineCpus, withAssignedCpus } from './assign-cpus.ts';

const auto = (NanoCpus: number, assignedCpus?: string): Parameters<typeof assignCpus>[0] => ({
  hostConfig: { NanoCpus, CpusetCpus: 'auto' } as HostConfig,
  ...(assignedCpus !== undefined && { assignedCpus }),
});
const bound = (CpusetCpus: string): Parameters<typeof assignCpus>[0] => ({ hostConfig: { CpusetCpus } as HostConfig });

test('as many CPUs as the quota needs, those of which least is asked', () => {
  assert.equal(assignCpus(auto(1e9), '0-3', []), '0');
  assert.equal(assignCpus(auto(1e9), '0-3', [auto(1e9, '0')]), '1');
  assert.equal(assignCpus(auto(1.5e9), '0-3', [auto(1e9, '0'), auto(2e9, '1,2')]), '0,3');
  assert.equal(assignCpus(auto(8e9), '0-1', []), '0,1');
  const half = { hostConfig: { CpuQuota: 50_000, CpusetCpus: 'auto' } as HostConfig };
  assert.equal(assignCpus(half, '0,2', [auto(2e9, '0,2'), auto(1e9, '0')]), '2');
});

test('what others are bound to by their own wish counts, too, and half a CPU less than a whole one', () => {
  assert.equal(assignCpus(auto(1e9), '0-2', [bound('0-1')]), '2');
  assert.equal(assignCpus(auto(1e9), '0-1', [bound('0'), auto(5e8, '1')]), '1');
  assert.equal(assignCpus(auto(1e9), '0-1', [bound(''), bound('all')]), '0');
});

test('what a container had is kept, and grows or shrinks with its quota', () => {
  assert.equal(assignCpus(auto(1e9, '3'), '0-3', [auto(1e9, '3')]), '3');
  assert.equal(assignCpus(auto(2e9, '3'), '0-3', [auto(1e9, '0')]), '1,3');
  assert.equal(assignCpus(auto(1e9, '1,3'), '0-3', [auto(1e9, '1')]), '3');
  assert.equal(assignCpus(auto(1e9, '7'), '0-1', []), '0', 'it is not there any more');
});

test('a machine with a quota has its CPUs chosen, unless it says which', () => {
  const filled = (config: Partial<HostConfig>, isRich = true): string | undefined => {
    const copy = { ...config };
    fillMachineCpus(isRich, copy);
    return copy.CpusetCpus;
  };
  assert.equal(filled({ NanoCpus: 1e9 }), 'auto');
  assert.equal(filled({ CpuQuota: 50_000 }), 'auto');
  assert.equal(filled({}), undefined);
  assert.equal(filled({ CpuQuota: -1 }), undefined);
  assert.equal(filled({ NanoCpus: 1e9 }, false), undefined);
  assert.equal(filled({ NanoCpus: 1e9, NumaNodes: '0' }), undefined);
  for (const CpusetCpus of ['0-1', 'all']) assert.equal(filled({ NanoCpus: 1e9, CpusetCpus }), CpusetCpus);
});

test('the words stand for lists: none at a start for all, and the whole host where a set is widened', () => {
  const all = { hostConfig: { CpusetCpus: 'all' } as HostConfig };
  assert.equal(withAssignedCpus(all).CpusetCpus, '');
  assert.equal(withAssignedCpus(all, all.hostConfig, '0-3').CpusetCpus, '0-3');
  assert.equal(withAssignedCpus(auto(1e9, '2')).CpusetCpus, '2');
  assert.equal(withAssignedCpus(bound('1')).CpusetCpus, '1');
});
