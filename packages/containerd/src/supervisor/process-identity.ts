import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { errnoCode, readTextIfExists } from '@pouch/base';

/** A process, told apart from a later one with the same number by the time it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot; field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** The process with this PID if it lives; a zombie does not. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProc(pid, 'stat');
  // The second field is the name in parentheses, which may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startTime = fields?.[19];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.startTime === identity.startTime;
}

/** Signal the process unless it has ended, whoever has its number now. Resolves with whether it got the signal. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** The containerd that was started with this configuration file: the one of the pid file, else whichever runs. */
export async function findContainerd(pidFile: string, configPath: string): Promise<ProcessIdentity | undefined> {
  return await findDaemon('containerd', pidFile, configPath);
}

/**
 * The daemon that was started with `--config configPath`: the one of the pid file, else whichever runs. The name of its
 * executable begins with `name`.
 */
export async function findDaemon(
  name: string,
  pidFile: string,
  configPath: string,
): Promise<ProcessIdentity | undefined> {
  const text = (await readTextIfExists(pidFile))?.trim() ?? '';
  const noted = /^[1-9]\d{0,9}$/.test(text) ? await ifDaemon(name, Number(text), configPath) : undefined;
  if (noted) return noted;
  for (const entry of await readdir('/proc')) {
    const found = /^\d+$/.test(entry) ? await ifDaemon(name, Number(entry), configPath) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** By command line and executable; the identity is read before and after, so that both belong to the same process. */
async function ifDaemon(name: string, pid: number, configPath: string): Promise<ProcessIdentity | undefined> {
  const commandLine = (await readProc(pid, 'cmdline'))?.split('\0') ?? [];
  const at = commandLine.indexOf('--config');
  if (at < 1 || commandLine[at + 1] !== configPath) return undefined;
  const identity = await identify(pid);
  if (!identity) return undefined;
  try {
    const executable = (await readlink(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
    if (!basename(executable).startsWith(name)) return undefined;
  } catch {
    return undefined;
  }
  return (await isAlive(identity)) ? identity : undefined;
}

async function readProc(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errnoCode(error) ?? '')) return undefined;
    throw error;
  }
}
