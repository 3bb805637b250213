import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './inputs.ts';

/** Node 24 as npm installed it here, or else the one that runs this. */
export function nodeExecutable(): string {
  const own = join(ROOT, `node_modules/node-linux-${process.arch}/bin/node`);
  return existsSync(own) ? own : process.execPath;
}
