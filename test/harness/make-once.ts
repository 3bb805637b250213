import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { PouchError, sleep } from '@pouch/base';

/**
 * Have `make` make the file at `path`, unless it is there, or another test is making it: then wait for that one. `make` must
 * put it in its place in one step.
 */
export async function makeOnce(path: string, make: () => Promise<void>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const lock = `${path}.making`;
  for (let waited = 0; !existsSync(path); waited += 1) {
    try {
      mkdirSync(lock);
    } catch {
      // Another test makes it.
      if (waited > 600) throw new PouchError('deadline-exceeded', `${lock} is there, but nobody finishes the image`);
      await sleep(1000);
      continue;
    }
    try {
      const started = Date.now();
      await make();
      console.error(`made ${path} in ${Math.round((Date.now() - started) / 1000)} s`);
    } finally {
      rmSync(lock, { recursive: true });
    }
  }
}
