import { readdir, readFile, readlink } from 'node:fs/promises';
import { errnoCode } from '@pouch/base';

/** A process, told apart from any later one with the same pid by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the process's start: field 22 of /proc/<pid>/stat (proc(5)). */
  readonly startTicks: string;
}

export interface ProcessStat extends ProcessIdentity {
  readonly command: string;
  /** `R`, `S`, `D`, `Z`, `T`, … */
  readonly state: string;
  readonly parentPid: number;
}

/** What /proc/<pid>/stat says, or undefined when there is no such process. */
export async function readProcessStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readProc(pid, 'stat');
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Parse a stat line. The command name may hold anything, brackets and newlines too: the last `)` ends it. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const [state = '?', parent = '0'] = fields;
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state,
    parentPid: Number(parent),
    startTicks: fields[19] ?? '0',
  };
}

export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readProcessStat(pid);
  return stat && { pid: stat.pid, startTicks: stat.startTicks };
}

/** Whether this very process still exists and is not a zombie. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readProcessStat(identity.pid);
  return stat !== undefined && stat.startTicks === identity.startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Signal this very process. False when it is gone, also when another process has its pid by now. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals | number): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ESRCH') return false;
    throw error;
  }
}

/** The command line as it was given, or undefined when there is no such process; empty for kernel threads. */
export async function readCommandLine(pid: number): Promise<string[] | undefined> {
  const text = await readProc(pid, 'cmdline');
  return text === undefined ? undefined : text.split('\0').slice(0, -1);
}

/** Pids of the direct children of a process. */
export async function listChildren(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const children: number[] = [];
  for (const thread of threads) {
    const text = await readProc(pid, `task/${thread}/children`);
    if (text === undefined) return await scanChildren(pid);
    children.push(...text.trim().split(/\s+/).filter(Boolean).map(Number));
  }
  return children;
}

/** Pids of all processes on the host, as this process's /proc shows them. */
export async function listProcesses(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The identity of a namespace (`net:[4026531840]`), or undefined when the process is gone. */
export async function namespaceOf(
  pid: number | 'self',
  kind: 'net' | 'mnt' | 'pid' | 'ipc' | 'uts' | 'user' | 'cgroup',
): Promise<string | undefined> {
  return await readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined);
}

async function scanChildren(pid: number): Promise<number[]> {
  const stats = await Promise.all((await listProcesses()).map(readProcessStat));
  return stats.filter((stat) => stat?.parentPid === pid).map((stat) => (stat as ProcessStat).pid);
}

async function readProc(pid: number, file: string): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
