import { PouchError } from '@pouch/base';
import { jsonList } from '../../image/changes.ts';
import { expandWord, splitWords } from '../../image/dockerfile-words.ts';
import type { Heredoc, Instruction } from '../dockerfile/instruction.ts';
import type { StepContext } from './step-context.ts';
import { variablesOf } from './variables.ts';

/** COPY and ADD with all variables replaced. */
export interface CopyArguments {
  readonly sources: readonly string[];
  /** Here-documents, which are sources under their names. */
  readonly documents: readonly Heredoc[];
  readonly target: string;
  readonly from: string | undefined;
  readonly chown: string | undefined;
  /** Permission bits. */
  readonly mode: number | undefined;
  readonly checksum: string | undefined;
}

/** Throws invalid-argument. */
export function readCopyArguments(instruction: Instruction, step: StepContext): CopyArguments {
  const { name, text, heredocs } = instruction;
  const variables = variablesOf(step);
  const expand = (word: string): string => expandWord(word, variables, step.escape);
  const raw = jsonList(text) ?? splitWords(text, step.escape);
  const words = raw.filter((word) => !isHeredoc(word, heredocs)).map(expand);
  const target = words.at(-1);
  const sources = words.slice(0, -1);
  if (target === undefined || sources.length + heredocs.length === 0) {
    throw new PouchError('invalid-argument', `${name} requires at least two arguments`);
  }
  const several = sources.length + heredocs.length > 1;
  if (several && !target.endsWith('/') && target !== '.' && target !== '..') {
    throw new PouchError(
      'invalid-argument',
      `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const flag = (wanted: string): string | undefined => {
    const value = instruction.flags.find(([flagName]) => flagName === wanted)?.[1];
    return value === undefined ? undefined : expand(value);
  };
  const documents = heredocs.map((document) => ({
    ...document,
    content: document.expand ? expandDocument(document.content, expand) : document.content,
  }));
  const chmod = flag('chmod');
  return {
    sources,
    documents,
    target,
    from: flag('from'),
    chown: flag('chown') || undefined,
    mode: chmod === undefined ? undefined : readMode(chmod),
    checksum: flag('checksum'),
  };
}

function isHeredoc(word: string, heredocs: readonly Heredoc[]): boolean {
  const match = /^<<-?(["']?)([^"']+)\1$/.exec(word);
  return match !== null && heredocs.some(({ name }) => name === match[2]);
}

/** In a document quotes mean nothing: only variables and escapes are looked at. */
function expandDocument(content: string, expand: (word: string) => string): string {
  return content.replace(/\\[$\\]|\$(?:\{[^}]*\}|\w+)/g, (match) =>
    match.startsWith('\\') ? match.slice(1) : expand(match),
  );
}

function readMode(text: string): number {
  if (!/^[0-7]{1,4}$/.test(text)) {
    throw new PouchError(
      'invalid-argument',
      `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    );
  }
  return Number.parseInt(text, 8);
}
