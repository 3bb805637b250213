import { PouchError } from '@pouch/base';
import { expandWord } from '../image/dockerfile-words.ts';
import { parseTrigger } from './dockerfile/parse-dockerfile.ts';
import type { Instruction, Stage } from './dockerfile/instruction.ts';
import { type BuildState, shortStateId } from './build-state.ts';
import { argStep, configStep, maintainerStep, type StageMemory, workdirStep } from './steps/config-steps.ts';
import { copyStep } from './steps/copy-step.ts';
import { runStep } from './steps/run-step.ts';
import type { StepContext } from './steps/step-context.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface StageRun {
  readonly stage: Stage;
  /** What all steps of the stage share. */
  readonly shared: Omit<StepContext, 'state'>;
  /** The state that FROM names, and whether its triggers are to be run. */
  readonly base: () => Promise<BuildState>;
  /** `Step n/m : `, counted on. */
  readonly announce: (instruction: { readonly shown: string }) => Promise<void>;
  /** The last state becomes an image before it is shown: of the target. */
  readonly finish: ((state: BuildState) => Promise<BuildState>) | undefined;
}

/** One stage from FROM to its last instruction. */
export async function buildStage(run: StageRun): Promise<BuildState> {
  const { stage, shared, announce, finish } = run;
  const { output } = shared;
  const memory: StageMemory = { commandSet: false };
  await announce(stage.from);
  let state = withPath(await run.base());
  const triggers = state.config.OnBuild ?? [];
  if (triggers.length > 0) {
    const { OnBuild: _, ...config } = state.config;
    state = { ...state, config };
    await output.text(`# Executing ${triggers.length} build trigger${triggers.length > 1 ? 's' : ''}\n`);
    for (const trigger of triggers) state = await dispatch(parseTrigger(trigger), { ...shared, state }, memory);
  }
  if (stage.instructions.length === 0 && finish) state = await finish(state);
  await output.text(` ---> ${shortStateId(state.id)}\n`);
  for (const [index, instruction] of stage.instructions.entries()) {
    shared.signal.throwIfAborted();
    await announce(instruction);
    state = await dispatch(instruction, { ...shared, state }, memory);
    if (index === stage.instructions.length - 1 && finish) state = await finish(state);
    await output.text(` ---> ${shortStateId(state.id)}\n`);
  }
  return state;
}

async function dispatch(instruction: Instruction, step: StepContext, memory: StageMemory): Promise<BuildState> {
  switch (instruction.name) {
    case 'RUN':
      return await runStep(instruction, step);
    case 'COPY':
    case 'ADD':
      return await copyStep(instruction, step);
    case 'WORKDIR':
      return await workdirStep(instruction, step, memory);
    case 'ARG':
      return await argStep(instruction, step);
    case 'MAINTAINER':
      return await maintainerStep(instruction, step);
    case 'FROM':
      throw new PouchError('invalid-argument', "FROM isn't allowed as an ONBUILD trigger");
    default:
      return await configStep(instruction, step, memory);
  }
}

/** As Docker gives it to every image that says nothing of it. */
function withPath(state: BuildState): BuildState {
  const env = state.config.Env ?? [];
  if (env.some((entry) => entry.startsWith('PATH='))) return state;
  return { ...state, config: { ...state.config, Env: [...env, DEFAULT_PATH] } };
}

/** FROM with its variables replaced. Throws invalid-argument for nothing. */
export function expandBase(stage: Stage, meta: ReadonlyMap<string, string>, escape: StepContext['escape']): string {
  const base = expandWord(stage.base, meta, escape);
  if (base === '') throw new PouchError('invalid-argument', `base name (${stage.base}) should not be blank`);
  return base;
}
