import { readFile, writeFile } from 'node:fs/promises';
import { errnoCode, PouchError } from '@pouch/base';

/**
 * Give the processes of this process's session more of the processor than other sessions have (sched(7), "The autogroup
 * feature"): `nice` from -20 to 19, as nice(1) means it. A session that begins later, which a daemon does that it launches,
 * has 0 again. Returns false where that cannot be said of this process alone: it is no leader of a session, or the kernel does
 * not group by session. Throws `permission-denied` when it is not allowed.
 */
export async function setSessionPriority(nice: number): Promise<boolean> {
  if ((await sessionOf(process.pid)) !== process.pid) return false;
  try {
    await writeFile('/proc/self/autogroup', String(nice));
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw new PouchError('permission-denied', `the priority of this session cannot be set to ${nice}`, {
      cause: error,
    });
  }
}

/** The session id of a process (proc(5), the sixth field of stat). */
async function sessionOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name before it may hold anything, blanks and parentheses too.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}
