import { PouchError } from '@pouch/base';
import type { EscapeCharacter } from '../../image/dockerfile-words.ts';
import type { Dockerfile, Instruction, Stage } from './instruction.ts';

const STAGE_NAME = /^[a-z][a-z0-9\-_.]*$/;

/** Instructions by stage. Throws invalid-argument where the first one is no FROM, or a name is given twice. */
export function readStages(instructions: readonly Instruction[], escape: EscapeCharacter): Dockerfile {
  const first = instructions.findIndex(({ name }) => name === 'FROM');
  const metaArgs = instructions.slice(0, first < 0 ? undefined : first);
  const stray = metaArgs.find(({ name }) => name !== 'ARG');
  if (stray) throw atLine(stray.line, `no build stage in current context`);
  if (first < 0) throw new PouchError('invalid-argument', 'no build stage in current context');
  const stages: Stage[] = [];
  for (const instruction of instructions.slice(first)) {
    if (instruction.name === 'FROM') {
      stages.push({ ...readFrom(instruction, stages), index: stages.length, instructions: [] });
    } else {
      const stage = stages.at(-1) as Stage;
      stages[stages.length - 1] = { ...stage, instructions: [...stage.instructions, instruction] };
    }
  }
  return { escape, metaArgs, stages };
}

function readFrom(from: Instruction, before: readonly Stage[]): Pick<Stage, 'base' | 'name' | 'platform' | 'from'> {
  const [base = '', as, name, ...more] = from.text.split(/\s+/);
  if (more.length > 0 || (as !== undefined && (as.toUpperCase() !== 'AS' || name === undefined))) {
    throw atLine(from.line, 'FROM requires either one or three arguments');
  }
  const lower = name?.toLowerCase() ?? '';
  if (lower !== '' && !STAGE_NAME.test(lower)) {
    throw atLine(
      from.line,
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    );
  }
  if (lower !== '' && before.some((stage) => stage.name === lower)) {
    throw new PouchError('invalid-argument', `${name} stage name already used`);
  }
  return { base, name: lower, platform: from.flags.find(([flag]) => flag === 'platform')?.[1] ?? '', from };
}

/** The stages up to the target: a name, or a number. All of them without one. Throws invalid-argument. */
export function stagesUpTo(stages: readonly Stage[], target: string): readonly Stage[] {
  if (target === '') return stages;
  const wanted = target.toLowerCase();
  const found = stages.find(({ name, index }) => name === wanted || String(index) === target);
  if (!found) throw new PouchError('invalid-argument', `target stage "${target}" could not be found`);
  return stages.slice(0, found.index + 1);
}

function atLine(line: number, message: string): PouchError {
  return new PouchError('invalid-argument', `dockerfile parse error on line ${line}: ${message}`);
}
