import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { sleep } from '@pouch/base';

/** Ids of the running programs of this name with this text in their command line. */
export function processesOf(name: string, text: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      const [program = '', ...args] = commandLine(pid);
      return program.split('/').at(-1) === name && args.some((arg) => arg.includes(text));
    })
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It has ended meanwhile.
  }
}

/** Resident memory in MB; what has ended counts nothing. */
export function residentMegabytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + residentKilobytes(pid), 0) / 1024;
}

function residentKilobytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Ask processes to end, and wait until they are gone, 10 seconds at most. */
export async function endProcesses(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has ended meanwhile.
    }
  }
  for (let attempt = 0; attempt < 500 && pids.some((pid) => existsSync(`/proc/${pid}`)); attempt += 1) await sleep(20);
}
