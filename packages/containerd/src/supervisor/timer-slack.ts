import { readFileSync, writeFileSync } from 'node:fs';
import { errnoCode } from '@pouch/base';

/** The main thread's, from which children are started; since Linux 4.6 (proc_pid_timerslack_ns(5)). */
const FILE = '/proc/self/timerslack_ns';

/** Nanoseconds by which timers of this process may be late; undefined where the kernel does not tell. */
export function timerSlack(): number | undefined {
  try {
    return Number(readFileSync(FILE, 'utf8'));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Run what starts a process whose timers, and those of its children, may be so many nanoseconds late. */
export function withTimerSlack<T>(nanoseconds: number, start: () => T): T {
  const before = timerSlack();
  if (before === undefined) return start();
  writeFileSync(FILE, `${nanoseconds}`);
  try {
    return start();
  } finally {
    writeFileSync(FILE, `${before}`);
  }
}
