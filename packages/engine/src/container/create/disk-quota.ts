import { posix } from 'node:path';
import type { HostConfig } from '@pouch/api';
import { parseBytes } from '@pouch/base';
import type { QuotaLimits } from '@pouch/linux';
import { invalid } from './invalid.ts';

/** Paths in the container that share one limit: `/` is its root file system, any other the volume mounted there. */
export interface QuotaRule extends QuotaLimits {
  readonly paths: readonly string[];
}

export interface DiskQuota {
  readonly rules: readonly QuotaRule[];
  /** `.*`: each on its own, the root file system and every volume. */
  readonly each?: QuotaLimits;
}

const EACH = '.*';
/** More than any disk; a number that the drivers' tools take. */
const MOST = 2 ** 60;

/**
 * Read Pouch's expressions: keys are `/`, a path, several of them with `&` between, or `.*`; values are `SIZE[:INODES]`.
 * `--storage-opt size=` says the same of `/`. A path under two rules is an error.
 */
export function parseDiskQuota(config: Pick<HostConfig, 'DiskQuota' | 'StorageOpt'>): DiskQuota | undefined {
  const entries = Object.entries(config.DiskQuota ?? {});
  const { size, inodes } = config.StorageOpt ?? {};
  if (size !== undefined) entries.push(['/', inodes === undefined ? size : `${size}:${inodes}`]);
  else if (inodes !== undefined) throw invalid('--storage-opt inodes needs a size beside it');
  if (entries.length === 0) return undefined;
  const rules: QuotaRule[] = [];
  const taken = new Set<string>();
  let each: QuotaLimits | undefined;
  for (const [key, value] of entries) {
    const limits = parseLimits(value);
    if (key === EACH) {
      if (each) throw overlap(key);
      each = limits;
      continue;
    }
    const paths = key.split('&').map(cleanPath);
    for (const path of paths) {
      if (taken.has(path)) throw overlap(path);
      taken.add(path);
    }
    rules.push({ paths, ...limits });
  }
  if (each && rules.length > 0) throw overlap(rules[0]?.paths[0] ?? EACH);
  return { rules, ...(each && { each }) };
}

function parseLimits(value: string): QuotaLimits {
  const [size = '', inodes, more] = value.split(':');
  const bytes = parseBytes(size);
  if (bytes <= 0 || bytes > MOST) throw invalid(`invalid disk quota: '${value}': the size must be more than 0`);
  if (inodes === undefined) return { bytes };
  if (more !== undefined || !/^[1-9]\d{0,9}$/.test(inodes)) {
    throw invalid(`invalid disk quota: '${value}': write SIZE or SIZE:INODES`);
  }
  return { bytes, inodes: Number(inodes) };
}

function cleanPath(path: string): string {
  if (!path.startsWith('/') || path.includes('\0')) {
    throw invalid(`invalid disk quota path: '${path}': write an absolute path, several with & between, or .* for each`);
  }
  return posix.resolve(path);
}

function overlap(path: string): Error {
  return invalid(`disk quota rules overlap: ${path} is under two of them`);
}

/** `--quota-id`: a project id; empty or negative: one is chosen. */
export function parseQuotaId(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || /^-\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (!/^\d{1,10}$/.test(text) || id < 1 || id > 2 ** 31 - 1) throw invalid(`invalid quota id: '${text}'`);
  return id;
}
