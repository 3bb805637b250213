import { spawn } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../harness/engine.ts';
import { call, type StepResult } from '../harness/run-scenario.ts';
import type { ComposeClient } from './clients.ts';
import { type ComposeProject, type ComposeStep, PROJECTS_DIRECTORY } from './project.ts';
import { snapshot } from './snapshot.ts';

/** Milliseconds that a step may take; then it counts as hanging. */
const STEP_LIMIT = 120_000;

export interface ComposeStepResult extends StepResult {
  readonly step: ComposeStep;
  /** The project in the engine after it; empty where nobody looks. */
  readonly seen: string;
}

/** Run a project's steps with one client on one engine, in a copy of its files, and take away what is left. */
export async function runProject(
  project: ComposeProject,
  client: ComposeClient,
  engine: Engine,
): Promise<ComposeStepResult[]> {
  // One name for all clients: what they make is to be the same.
  const name = `c${project.name}`;
  const directory = join(engine.directory, 'compose', client.name.replaceAll(/\W/g, ''), name);
  mkdirSync(directory, { recursive: true });
  cpSync(join(PROJECTS_DIRECTORY, project.name), directory, { recursive: true });
  const results: ComposeStepResult[] = [];
  try {
    for (const step of project.steps) {
      if (step.needs && client.lacks.includes(step.needs)) continue;
      const result = await runStep(step, client, engine, directory, name);
      results.push({ ...result, step, seen: step.look ? await snapshot(engine, name) : '' });
    }
  } finally {
    await removeProject(engine, name);
  }
  return results;
}

async function runStep(
  step: ComposeStep,
  client: ComposeClient,
  engine: Engine,
  directory: string,
  project: string,
): Promise<StepResult> {
  const words = client.command.map((word) => `'${word}'`).join(' ');
  const script = `compose() { ${words} "$@"; }\n${step.line}`;
  const [program = '', ...args] = engine.wrap(['sh', '-c', script]);
  const child = spawn(program, args, {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DOCKER_HOST: `unix://${engine.socket}`,
      DOCKER_CONFIG: join(engine.directory, 'client'),
      ...client.environment,
      COMPOSE: client.command.join(' '),
      COMPOSE_PROJECT_NAME: project,
      HOME: directory,
      LC_ALL: 'C.UTF-8',
    },
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => void (output[stream] += text));
  }
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, STEP_LIMIT);
  const code = await new Promise<number | string>((done, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => done(exitCode ?? signal ?? 'unknown'));
  });
  clearTimeout(limit);
  return { exit: hangs ? 'hangs' : String(code), ...output };
}

/** Whatever carries the project's label. */
async function removeProject(engine: Engine, project: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  const containers = JSON.parse(await call(engine, 'GET', `/containers/json?all=1&filters=${filters}`)) as {
    Id: string;
  }[];
  for (const { Id } of containers) await call(engine, 'DELETE', `/containers/${Id}?force=1&v=1`);
  const networks = JSON.parse(await call(engine, 'GET', `/networks?filters=${filters}`)) as { Id: string }[];
  for (const { Id } of networks) await call(engine, 'DELETE', `/networks/${Id}`);
  const volumes = JSON.parse(await call(engine, 'GET', `/volumes?filters=${filters}`)) as {
    Volumes: { Name: string }[] | null;
  };
  for (const { Name } of volumes.Volumes ?? []) await call(engine, 'DELETE', `/volumes/${Name}?force=1`);
}
