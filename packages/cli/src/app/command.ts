import type { CompletionKind, Flags, FlagValues } from '../flags/flag.ts';
import type { Context } from './context.ts';

export interface Example {
  readonly command: string;
  readonly does: string;
}

interface CommandBase {
  /** What stands behind the command's name: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string | readonly string[];
  /** How many arguments it takes. */
  readonly args: { readonly min: number; readonly max?: number };
  /** Whether flags may stand behind arguments. Default true. */
  readonly interspersed?: boolean;
  /** More about it, below the purpose. */
  readonly description?: string;
  readonly examples: readonly Example[];
  /** What its arguments name: one kind for all, or one per position (the last repeats). */
  readonly complete?: CompletionKind | readonly CompletionKind[];
}

export interface CommandSpec<F extends Flags> extends CommandBase {
  readonly flags: F;
  /** Do it; the number is the exit code, nothing is 0. */
  run(
    context: Context,
    flags: FlagValues<F>,
    args: readonly string[],
    given: ReadonlySet<string>,
  ): Promise<number | void>;
}

/** A command whose flags' types are no longer known. */
export interface Command extends CommandBase {
  readonly flags: Flags;
  run(
    context: Context,
    flags: Readonly<Record<string, unknown>>,
    args: readonly string[],
    given: ReadonlySet<string>,
  ): Promise<number | void>;
}

/** Declare a command: the table of flags gives `run` the types of its values. */
export function command<F extends Flags>(spec: CommandSpec<F>): Command {
  return spec as unknown as Command;
}
