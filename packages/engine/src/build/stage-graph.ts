import type { Instruction, Stage } from './dockerfile/instruction.ts';

/** The stage that a name or a number means for a stage with this number: an earlier one. */
export function findStage(stages: readonly Stage[], reference: string, before: number): Stage | undefined {
  const name = reference.toLowerCase();
  return stages.find((stage) => stage.index < before && (stage.name === name || String(stage.index) === reference));
}

/** Only names count for FROM. */
export function findBaseStage(stages: readonly Stage[], base: string, before: number): Stage | undefined {
  const name = base.toLowerCase();
  return stages.find((stage) => stage.index < before && stage.name !== '' && stage.name === name);
}

export function copiesFrom({ name, flags }: Instruction): string | undefined {
  return name === 'COPY' ? flags.find(([flag]) => flag === 'from')?.[1] : undefined;
}

/** The numbers of the stages that the last one needs, itself included, in order. `expand` replaces variables. */
export function neededStages(stages: readonly Stage[], expand: (word: string) => string): number[] {
  const needed = new Set<number>();
  const visit = (stage: Stage | undefined): void => {
    if (!stage || needed.has(stage.index)) return;
    needed.add(stage.index);
    visit(findBaseStage(stages, expand(stage.base), stage.index));
    for (const instruction of stage.instructions) {
      const from = copiesFrom(instruction);
      if (from !== undefined) visit(findStage(stages, from, stage.index));
    }
  };
  visit(stages.at(-1));
  return [...needed].toSorted((a, b) => a - b);
}
