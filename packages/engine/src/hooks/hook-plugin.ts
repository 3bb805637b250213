import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { PouchError, withDeadline } from '@pouch/base';
import { type HookPoint, isHookPoint } from './hook-points.ts';

/** What a plugin says of itself: an executable in answer to `describe`, a module by its exports of these names. */
export interface PluginDescription {
  readonly points: readonly HookPoint[];
  /** Lower ones are called first; 50 unless it is said. */
  readonly priority: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** False: its failure is logged where it would refuse. */
  readonly required: boolean;
}

export interface HookPlugin {
  readonly name: string;
  readonly description: PluginDescription;
  /** Give it the event; what it hands back. Throws when it fails or takes too long. */
  call(point: HookPoint, event: object): Promise<unknown>;
}

const DEFAULT_TIMEOUT = 10;
const LONGEST_TIMEOUT = 600;
/** Bytes of an answer. */
const MAX_ANSWER = 4 * 1024 * 1024;

/** An executable: `PLUGIN describe`, then `PLUGIN POINT` with JSON on standard input and an answer, or nothing, on output. */
export async function executablePlugin(name: string, path: string): Promise<HookPlugin> {
  const description = readDescription(name, await runProgram(path, 'describe', {}, DEFAULT_TIMEOUT * 1000));
  return {
    name,
    description,
    call: async (point, event) => await runProgram(path, point, event, description.timeout),
  };
}

/** An ES module: it exports `points` and `handle(point, event)`. It runs in pouchd, and must not block. */
export async function modulePlugin(name: string, path: string): Promise<HookPlugin> {
  const loaded = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const { handle } = loaded;
  if (typeof handle !== 'function') {
    throw new PouchError('invalid-argument', `plugin ${name} exports no function 'handle'`);
  }
  const description = readDescription(name, loaded);
  const call = handle as (point: HookPoint, event: object) => unknown;
  return {
    name,
    description,
    call: async (point, event) =>
      await withDeadline(
        Promise.resolve(call(point, structuredClone(event))),
        description.timeout,
        `the answer of plugin ${name}`,
      ),
  };
}

/** Throws invalid-argument for a description that names unknown points, or none. */
export function readDescription(name: string, value: unknown): PluginDescription {
  const bad = (what: string): PouchError =>
    new PouchError('invalid-argument', `plugin ${name} describes itself wrongly: ${what}`);
  if (typeof value !== 'object' || value === null) throw bad('no object');
  const { points, priority = 50, timeout = DEFAULT_TIMEOUT, required = true } = value as Record<string, unknown>;
  if (!Array.isArray(points) || points.length === 0) throw bad('points must be a list with at least one');
  const known = points.map((point: unknown) => {
    if (typeof point !== 'string' || !isHookPoint(point)) throw bad(`there is no point ${String(point)}`);
    return point;
  });
  if (typeof priority !== 'number' || !Number.isFinite(priority)) throw bad('priority must be a number');
  if (typeof timeout !== 'number' || !(timeout > 0 && timeout <= LONGEST_TIMEOUT)) {
    throw bad(`timeout must be seconds up to ${LONGEST_TIMEOUT}`);
  }
  if (typeof required !== 'boolean') throw bad('required must be true or false');
  return { points: known, priority, timeout: timeout * 1000, required };
}

async function runProgram(path: string, word: string, event: object, timeout: number): Promise<unknown> {
  // A group of its own, so that what it started ends with it.
  const child = spawn(path, [word], { stdio: ['pipe', 'pipe', 'pipe'], cwd: '/', detached: true });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const output: Buffer[] = [];
  let size = 0;
  let said = '';
  const end = (problem: string): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    reject(new PouchError('deadline-exceeded', problem));
  };
  const timer = setTimeout(() => end(`it did not answer within ${timeout / 1000} s`), timeout);
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_ANSWER) end(`its answer is longer than ${MAX_ANSWER} bytes`);
    else output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2000);
  });
  child.stdin.on('error', () => {});
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 128));
  child.stdin.end(JSON.stringify(event));
  try {
    const code = await promise;
    if (code !== 0) throw new PouchError('upstream', said.trim() || `it ended with exit code ${code}`);
  } finally {
    clearTimeout(timer);
  }
  const text = Buffer.concat(output).toString('utf8').trim();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PouchError('upstream', 'its answer is not JSON', { cause });
  }
}
