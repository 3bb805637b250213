import { environmentOf } from '../../image/changes.ts';
import type { StepContext } from './step-context.ts';

/** What an instruction may refer to: declared arguments, and the environment, which wins. */
export function variablesOf({ args, state }: Pick<StepContext, 'args' | 'state'>): ReadonlyMap<string, string> {
  return new Map([...args.variables, ...environmentOf(state.config.Env ?? [])]);
}

/** What Docker's history has for an instruction that runs nothing. */
export function noOperation(shell: readonly string[] | undefined, comment: string, blanks: ' ' | '  '): string {
  return [...(shell ?? ['/bin/sh', '-c']), `#(nop)${blanks}${comment}`].join(' ');
}
