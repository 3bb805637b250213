import type { EscapeCharacter } from '../../image/dockerfile-words.ts';

/** A here-document of COPY, ADD or RUN. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** The name was not quoted: variables in the content are replaced. */
  readonly expand: boolean;
}

/** One instruction as it is written: nothing in it is evaluated yet. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** `--chown=a` and the like, in order; a flag without a value is `true`. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  /** Everything behind name and flags, lines joined and comments out. */
  readonly text: string;
  /** The instruction as it is shown: name, flags and text. */
  readonly shown: string;
  readonly heredocs: readonly Heredoc[];
  /** Counted from 1. */
  readonly line: number;
}

export interface Stage {
  /** Counted from 0. */
  readonly index: number;
  /** Lower case, or '' for none. */
  readonly name: string;
  /** What follows FROM, variables not replaced. */
  readonly base: string;
  readonly platform: string;
  readonly from: Instruction;
  readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
  readonly escape: EscapeCharacter;
  /** ARG before the first FROM. */
  readonly metaArgs: readonly Instruction[];
  readonly stages: readonly Stage[];
}
