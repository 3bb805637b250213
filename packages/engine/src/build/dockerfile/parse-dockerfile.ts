import { PouchError } from '@pouch/base';
import { DockerfileParser } from 'dockerfile-ast';
import type { EscapeCharacter } from '../../image/dockerfile-words.ts';
import { checkInstruction, INSTRUCTION_NAMES } from './check-instruction.ts';
import type { Dockerfile, Heredoc, Instruction } from './instruction.ts';
import { DOCKERFILE_LIMIT } from './limit.ts';
import { readStages } from './stages.ts';

/** Structure of a Dockerfile, with every instruction's form checked. Throws invalid-argument with the line, too-large. */
export function parseDockerfile(text: string): Dockerfile {
  if (Buffer.byteLength(text) > DOCKERFILE_LIMIT) {
    throw new PouchError('too-large', `the Dockerfile is larger than the ${DOCKERFILE_LIMIT} bytes allowed`);
  }
  const { escape, instructions } = readInstructions(text);
  if (instructions.length === 0) throw new PouchError('invalid-argument', 'file with no instructions');
  return readStages(instructions, escape);
}

/** The one instruction of an ONBUILD trigger. Throws invalid-argument. */
export function parseTrigger(text: string): Instruction {
  const { instructions } = readInstructions(text);
  const [only, more] = instructions;
  if (!only || more) throw new PouchError('invalid-argument', 'onbuild trigger should be a single expression');
  return only;
}

function readInstructions(text: string): { escape: EscapeCharacter; instructions: Instruction[] } {
  // A byte order mark, as editors on Windows write it, is no part of the first word.
  const parsed = DockerfileParser.parse(text.replace(/^\uFEFF/, ''));
  const escape: EscapeCharacter = parsed.getEscapeCharacter() === '`' ? '`' : '\\';
  const instructions = parsed.getInstructions().map((found) => {
    const line = found.getRange().start.line + 1;
    const name = found.getKeyword();
    if (!INSTRUCTION_NAMES.has(name)) {
      throw atLine(line, `unknown instruction: ${found.getInstruction().slice(0, 80)}`);
    }
    const rest = joinLines(found.getRawArgumentsContent() ?? '', hasHeredocs(found), escape);
    const { flags, text: body } = splitFlags(name, `${shownFlags(found)}${rest}`.trim());
    const shown = [name, ...flags.map(([flag, value]) => `--${flag}=${value}`), body].filter(Boolean).join(' ');
    const instruction = { name, flags, text: body, shown, heredocs: heredocsOf(found, text), line };
    try {
      checkInstruction(instruction);
    } catch (error) {
      throw error instanceof PouchError ? atLine(line, error.message) : error;
    }
    return instruction;
  });
  return { escape, instructions };
}

type Parsed = ReturnType<ReturnType<typeof DockerfileParser.parse>['getInstructions']>[number];
interface HasFlags {
  getFlags(): { getName(): string; getValue(): string | null }[];
}
interface HasHeredocs {
  getHeredocs(): {
    getName(): string;
    getStartRange(): { start: Position; end: Position };
    getContentRange(): { start: Position; end: Position } | null;
  }[];
}
interface Position {
  readonly line: number;
  readonly character: number;
}

/** Some classes of the parser leave the flags out of the arguments, others keep them. */
function shownFlags(found: Parsed): string {
  if (!('getFlags' in found)) return '';
  const text = found.getRawArgumentsContent() ?? '';
  if (text.startsWith('--')) return '';
  return (found as unknown as HasFlags)
    .getFlags()
    .map((flag) => `--${flag.getName()}${flag.getValue() === null ? '' : `=${flag.getValue()}`} `)
    .join('');
}

const FLAGGED = new Set(['FROM', 'RUN', 'COPY', 'ADD', 'HEALTHCHECK']);

function splitFlags(name: string, text: string): { flags: [string, string][]; text: string } {
  const flags: [string, string][] = [];
  let rest = text;
  // HEALTHCHECK's are read where its command is.
  if (!FLAGGED.has(name) || name === 'HEALTHCHECK') return { flags, text: rest };
  for (;;) {
    const match = /^--([A-Za-z][A-Za-z-]*)(?:=(\S*))?(?:\s+|$)/.exec(rest);
    if (!match) return { flags, text: rest };
    flags.push([match[1] as string, match[2] ?? 'true']);
    rest = rest.slice(match[0].length);
  }
}

function hasHeredocs(found: Parsed): boolean {
  return 'getHeredocs' in found && (found as unknown as HasHeredocs).getHeredocs().length > 0;
}

/** Lines that an escape character continues, as one: comments and blank lines between them go. What follows is here-documents. */
function joinLines(text: string, isFirstOnly: boolean, escape: EscapeCharacter): string {
  let joined = '';
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (index > 0 && (line.trim() === '' || line.trimStart().startsWith('#'))) continue;
    const end = new RegExp(`${escape === '`' ? '`' : '\\\\'}[ \\t]*$`).exec(line);
    joined += end ? line.slice(0, end.index) : line;
    if (!end && isFirstOnly) return joined;
  }
  return joined;
}

function heredocsOf(found: Parsed, source: string): Heredoc[] {
  if (!('getHeredocs' in found)) return [];
  const lines = source.replace(/^\uFEFF/, '').split(/\r?\n/);
  return (found as unknown as HasHeredocs).getHeredocs().map((heredoc) => {
    const { start } = heredoc.getStartRange();
    const operator = /^<<(-?)(["']?)/.exec((lines[start.line] ?? '').slice(start.character));
    const range = heredoc.getContentRange();
    const body = range ? lines.slice(range.start.line, range.end.line + 1) : [];
    const strip = operator?.[1] === '-';
    const content = body.map((line) => `${strip ? line.replace(/^\t+/, '') : line}\n`).join('');
    return { name: heredoc.getName(), content, expand: (operator?.[2] ?? '') === '' };
  });
}

function atLine(line: number, message: string): PouchError {
  return new PouchError('invalid-argument', `dockerfile parse error on line ${line}: ${message}`);
}
