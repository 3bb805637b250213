import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { PouchError, readTextIfExists, writeFileAtomic } from '@pouch/base';

/**
 * One daemon per state directory. Throws `conflict` while another pouchd lives; a stale file is replaced. A process id
 * given to another program meanwhile does not count: its command line does not name pouchd.
 */
export async function takePidFile(path: string): Promise<AsyncDisposable> {
  const owner = Number((await readTextIfExists(path))?.trim() || 0);
  if (owner > 0 && owner !== process.pid && isPouchd(owner)) {
    throw new PouchError(
      'conflict',
      `pouchd already runs here with process id ${owner} (${path}); stop it first, or choose another --state`,
    );
  }
  await writeFileAtomic(path, `${process.pid}\n`);
  return { [Symbol.asyncDispose]: async () => await rm(path, { force: true }) };
}

function isPouchd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('pouchd');
  } catch {
    return false;
  }
}
