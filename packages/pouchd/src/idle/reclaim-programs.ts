import type { Logger } from '@pouch/base';
import { reclaimFilePages, residentFileBytes } from '@pouch/linux';
import type { IdleTask } from './idle-watch.ts';

/** Bytes that a process must have of its program for it to be worth a read from the disk: more than daily work uses. */
const WORTH = 24 * 1024 * 1024;

/**
 * Gives back the pages of the programs that nobody uses: a start runs through most of Node.js and of containerd, and what
 * requests need after it is a third of that. The first request after it waits for some reads from the disk.
 */
export function reclaimPrograms(
  pids: () => readonly number[],
  settings: { seconds: number },
  logger: Logger,
): IdleTask {
  return {
    name: 'reclaim the pages of programs',
    after: settings.seconds * 1000,
    async run() {
      for (const pid of pids()) {
        const before = await residentFileBytes(pid);
        if (before < WORTH) continue;
        await reclaimFilePages(pid);
        logger.debug('pages of a program were given back', { pid, before, after: await residentFileBytes(pid) });
      }
    },
  };
}
