import { PouchError } from '@pouch/base';
import type { Instruction } from './instruction.ts';

export const INSTRUCTION_NAMES: ReadonlySet<string> = new Set([
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
]);

/** Flags that are acted on. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'],
  COPY: ['from', 'chown', 'chmod'],
  ADD: ['chown', 'chmod', 'checksum'],
  RUN: [],
};
/** Flags that only BuildKit knows, and a word about them instead of "unknown". */
const BUILDKIT_FLAGS: Readonly<Record<string, readonly string[]>> = {
  RUN: ['mount', 'network', 'security', 'device'],
  COPY: ['link', 'parents', 'exclude'],
  ADD: ['link', 'keep-git-dir', 'exclude', 'unpack'],
};
const MAY_BE_EMPTY = new Set(['CMD', 'ENTRYPOINT']);

/** Throws invalid-argument for an instruction that can never be right, whatever its variables are. */
export function checkInstruction({ name, flags, text, heredocs }: Instruction): void {
  for (const [flag] of flags) {
    if (BUILDKIT_FLAGS[name]?.includes(flag)) {
      throw invalid(`the --${flag} option requires BuildKit`);
    }
    if (!FLAGS[name]?.includes(flag)) throw invalid(`unknown flag: --${flag}`);
  }
  if (text === '' && !MAY_BE_EMPTY.has(name)) {
    throw invalid(name === 'RUN' ? 'RUN requires at least one argument' : `${name} requires at least one argument`);
  }
  if (heredocs.length > 0 && !['RUN', 'COPY', 'ADD'].includes(name)) {
    throw invalid(`${name} takes no here-document`);
  }
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
