import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';

/** Where a shim listens, and the version of the task service that it speaks. */
export interface ShimAddress {
  readonly path: string;
  readonly version: 2 | 3;
}

/** As containerd wrote it into the run's bundle; undefined where it has not come so far. ttrpc only. */
export async function readShimAddress(bundle: string): Promise<ShimAddress | undefined> {
  const bootstrap = await read(join(bundle, 'bootstrap.json'));
  if (bootstrap !== undefined) return parseBootstrap(bootstrap);
  const address = await read(join(bundle, 'address'));
  return address === undefined ? undefined : at(address, 2);
}

/** Since 1.7. */
function parseBootstrap(text: string): ShimAddress | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Cut off by a crash.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { address, protocol = 'ttrpc', version } = value as Record<string, unknown>;
  if (typeof address !== 'string' || protocol !== 'ttrpc') return undefined;
  return at(address, version === 3 ? 3 : 2);
}

function at(address: string, version: 2 | 3): ShimAddress | undefined {
  const path = address.trim().replace(/^unix:\/\//, '');
  return path.startsWith('/') ? { path, version } : undefined;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
