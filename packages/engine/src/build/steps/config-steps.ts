import { posix } from 'node:path';
import { formatTime, nowNanos, PouchError } from '@pouch/base';
import { applyInstruction, type ConfigEdit } from '../../image/changes.ts';
import { expandWord, splitWords } from '../../image/dockerfile-words.ts';
import { RootfsView } from '../../container/spec/rootfs-view.ts';
import type { BuildState } from '../build-state.ts';
import type { Instruction } from '../dockerfile/instruction.ts';
import { resultOf, told } from './copy-step.ts';
import type { StepContext } from './step-context.ts';
import { noOperation, variablesOf } from './variables.ts';

/** Instructions that change nothing but the configuration. `edit` goes along from step to step of a stage. */
export async function configStep(
  instruction: Instruction,
  step: StepContext,
  memory: StageMemory,
): Promise<BuildState> {
  const { state } = step;
  const edit = editOf(step, memory);
  const comment = applyInstruction(edit, instruction.name, instruction.text);
  memory.commandSet = edit.commandSet;
  return await recorded(step, comment, edit.config, state.author);
}

/** What a stage remembers beside its state. */
export interface StageMemory {
  commandSet: boolean;
}

export async function maintainerStep(instruction: Instruction, step: StepContext): Promise<BuildState> {
  const author = expandWord(instruction.text, variablesOf(step), step.escape);
  return await recorded(step, `MAINTAINER ${author}`, step.state.config, author);
}

export async function argStep(instruction: Instruction, step: StepContext): Promise<BuildState> {
  const shown: string[] = [];
  for (const { name, fallback } of readArgs(instruction, variablesOf(step), step)) {
    step.args.declare(name, fallback);
    shown.push(fallback === undefined ? name : `${name}=${fallback}`);
  }
  return await recorded(step, `ARG ${shown.join(' ')}`, step.state.config, step.state.author);
}

/** Names and defaults of ARG. Throws invalid-argument. */
export function readArgs(
  instruction: Instruction,
  variables: ReadonlyMap<string, string>,
  { escape }: Pick<StepContext, 'escape'>,
): { readonly name: string; readonly fallback: string | undefined }[] {
  return splitWords(instruction.text, escape).map((word) => {
    const at = word.indexOf('=');
    const name = expandWord(at < 0 ? word : word.slice(0, at), variables, escape);
    if (name === '') throw new PouchError('invalid-argument', 'ARG names can not be blank');
    return { name, fallback: at < 0 ? undefined : expandWord(word.slice(at + 1), variables, escape) };
  });
}

/** WORKDIR: the directory is made where it is missing. */
export async function workdirStep(
  instruction: Instruction,
  step: StepContext,
  memory: StageMemory,
): Promise<BuildState> {
  const { state } = step;
  const edit = editOf(step, memory);
  const comment = applyInstruction(edit, 'WORKDIR', instruction.text);
  const path = posix.resolve('/', edit.config.WorkingDir ?? '/');
  const description = noOperation(state.config.Shell, comment, ' ');
  const planned = { parts: ['WORKDIR', path], description, config: edit.config, author: state.author };
  const cached = step.cache.find(state, planned);
  if (cached) return await told(step, cached);
  return await step.heavy(async () => {
    const written = await makeWorkdir(path, step);
    const result = { ...resultOf(step, description, written), config: edit.config };
    return step.cache.remember(state, planned, result);
  });
}

async function makeWorkdir(
  path: string,
  step: StepContext,
): Promise<Awaited<ReturnType<StepContext['layers']['write']>>> {
  const { state, layers, env } = step;
  if (path === '/' || (await isThere(path, step))) return { chain: state.chain };
  return await layers.write(state, async (root) => {
    await env.workers.run(step.signal, (worker) =>
      worker.call('makeDirectories', { root: root.descriptor, path, owner: { uid: 0, gid: 0 } }),
    );
  });
}

/** Looked up in the layers, without mounting them. */
async function isThere(path: string, { env, state, lease }: StepContext): Promise<boolean> {
  if (state.chain === '') return false;
  const key = `pouch-build-look-${state.chain.slice(7, 19)}-${process.hrtime.bigint()}`;
  const { snapshots } = env.containerd;
  const mounts = await snapshots.view(key, state.chain, {}, { lease: await lease.id() });
  try {
    return (await new RootfsView(mounts).directoryParts(path)).length > 0;
  } finally {
    await snapshots.remove(key).catch((error: unknown) => env.logger.debug('a view stays for now', { key, error }));
  }
}

async function recorded(
  step: StepContext,
  comment: string,
  config: BuildState['config'],
  author: string | undefined,
): Promise<BuildState> {
  const { state } = step;
  const description = noOperation(state.config.Shell, comment, '  ');
  const planned = { parts: ['config', description, config, author], description, config, author };
  const cached = step.cache.find(state, planned);
  if (cached) return await told(step, cached);
  const entry = {
    created: formatTime(nowNanos()),
    created_by: description,
    ...(author !== undefined && { author }),
    empty_layer: true,
  };
  const result = { config, entry, chain: state.chain, ...(author !== undefined && { author }) };
  return step.cache.remember(state, planned, result);
}

/** A copy of the configuration to work on, with what its instructions need besides. */
function editOf({ state, escape, args }: StepContext, { commandSet }: StageMemory): ConfigEdit {
  return { config: { ...state.config }, commandSet, escape, variables: args.variables };
}
