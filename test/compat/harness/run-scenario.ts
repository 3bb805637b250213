import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { clientEnvironment } from './both.ts';
import type { Engine } from './engine.ts';
import { prefixOf, type Scenario } from './scenario.ts';

/** Milliseconds that a step may take; then it counts as hanging. */
const STEP_LIMIT = 60_000;
const JSON_KEYS = join(import.meta.dirname, '../tools/json-keys.ts');
/** Characters of each stream that are kept. */
const KEPT = 200_000;

export interface StepResult {
  /** The exit code, or `hangs`. */
  readonly exit: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScenarioResult {
  readonly steps: readonly StepResult[];
  /** The files left in the scenario's directory: type, mode, owner, size and name, a line each. */
  readonly files: string;
  /** Directory that the steps ran in. */
  readonly directory: string;
}

/** Run a scenario's steps against one engine, and remove what it left there. */
export async function runScenario(scenario: Scenario, engine: Engine): Promise<ScenarioResult> {
  const directory = join(engine.directory, 'work', scenario.name);
  mkdirSync(directory, { recursive: true });
  const steps: StepResult[] = [];
  for (const step of scenario.steps) steps.push(await runStep(step, scenario, engine, directory));
  const list = ['.', '-mindepth', '1', '-printf', '%y %m %u:%g %s %P %l\\n'];
  const files = (await exec('find', list, { cwd: directory })).stdout.split('\n').toSorted().join('\n');
  await removeLeftovers(prefixOf(scenario), engine);
  return { steps, files: files.replaceAll(/^d (\S+ \S+) \d+/gm, 'd $1'), directory };
}

async function runStep(step: string, scenario: Scenario, engine: Engine, directory: string): Promise<StepResult> {
  const [program = '', ...args] = engine.wrap(['sh', '-c', step]);
  const child = spawn(program, args, {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...clientEnvironment(engine),
      N: prefixOf(scenario),
      NODE: process.execPath,
      KEYS: `${process.execPath} ${JSON_KEYS}`,
      HOME: directory,
      LC_ALL: 'C.UTF-8',
    },
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (output[stream].length < KEPT) output[stream] += text;
    });
  }
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, STEP_LIMIT);
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
  });
  clearTimeout(limit);
  return { exit: hangs ? 'hangs' : String(code), ...output };
}

/** Containers, networks and volumes whose names begin with the scenario's. */
async function removeLeftovers(name: string, engine: Engine): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ name: [name] }));
  const kinds: readonly { list: string; remove: (item: Record<string, unknown>) => string }[] = [
    {
      list: `/containers/json?all=1&filters=${filters}`,
      remove: ({ Id }) => `/containers/${String(Id)}?force=1&v=1`,
    },
    { list: `/networks?filters=${filters}`, remove: ({ Id }) => `/networks/${String(Id)}` },
    { list: `/volumes?filters=${filters}`, remove: ({ Name }) => `/volumes/${String(Name)}?force=1` },
  ];
  for (const { list, remove } of kinds) {
    const answer: unknown = JSON.parse(await call(engine, 'GET', list));
    const found = Array.isArray(answer) ? answer : ((answer as { Volumes?: unknown[] | null }).Volumes ?? []);
    await Promise.all(found.map(async (item) => await call(engine, 'DELETE', remove(item as Record<string, unknown>))));
  }
}

/** One call of the API, whatever it answers. */
export async function call(engine: Engine, method: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const message = request({ socketPath: engine.socket, method, path, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
  message.on('error', reject);
  message.end();
  return await promise;
}
