import type { CompletionKind, Flag, Flags } from '../flags/flag.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import type { Context } from './context.ts';
import { GLOBAL_FLAGS } from './globals.ts';
import { findIn, isGroup } from './tree.ts';

/**
 * `pouch __complete WORD…`: print what the last word may become, one per line, with a tab and a description where there
 * is one. A last line `:files` or `:directories` asks the shell for those. Never fails: a shell is waiting.
 */
export async function complete(context: Context, words: readonly string[]): Promise<number> {
  try {
    const current = words.at(-1) ?? '';
    const candidates = await candidatesFor(context, words.slice(0, -1), current);
    const lines = candidates.filter((line) => line.startsWith(current) || line.startsWith(':'));
    context.stdout.write(lines.map((line) => `${line}\n`).join(''));
  } catch {
    // No daemon, no names: there is nothing to complete.
  }
  return 0;
}

async function candidatesFor(context: Context, before: readonly string[], current: string): Promise<readonly string[]> {
  const globals = skipFlags(GLOBAL_FLAGS, before, false);
  if (globals.pending) return await valuesOf(context, globals.pending);
  const [first, ...rest] = globals.args;
  if (first === undefined) {
    if (current.startsWith('-')) return flagNames(GLOBAL_FLAGS);
    return [
      ...Object.entries(COMMANDS).map(([name, node]) => `${name}\t${node.purpose}`),
      'help\tHelp about a command',
    ];
  }
  const node = findIn(COMMANDS, first);
  if (first === 'help') return Object.keys(COMMANDS);
  if (!node) return [];
  if (!isGroup(node)) return await commandCandidates(context, (await node.load()).default, rest, current);
  const flags = (await node.flags?.())?.default ?? {};
  const group = skipFlags(flags, rest, false);
  if (group.pending) return await valuesOf(context, group.pending);
  const [second, ...more] = group.args;
  if (second === undefined && current.startsWith('-')) return flagNames(flags);
  if (second === undefined) return Object.entries(node.children).map(([name, child]) => `${name}\t${child.purpose}`);
  const child = findIn(node.children, second);
  if (!child || isGroup(child)) return [];
  return await commandCandidates(context, (await child.load()).default, more, current);
}

async function commandCandidates(
  context: Context,
  command: Command,
  before: readonly string[],
  current: string,
): Promise<readonly string[]> {
  const state = skipFlags(command.flags, before, command.interspersed ?? true);
  if (state.pending) return await valuesOf(context, state.pending);
  const flagsOver = state.ended || (command.interspersed === false && state.args.length > 0);
  if (current.startsWith('-') && !flagsOver) {
    const at = current.indexOf('=');
    if (at < 0) return flagNames(command.flags);
    const name = current.slice(2, at);
    const flag = command.flags[name];
    return flag
      ? (await valuesOf(context, flag)).map((value) => (value.startsWith(':') ? value : `--${name}=${value}`))
      : [];
  }
  const kinds: readonly CompletionKind[] =
    command.complete === undefined
      ? ['none']
      : typeof command.complete === 'string'
        ? [command.complete]
        : command.complete;
  const kind = kinds[Math.min(state.args.length, kinds.length - 1)] ?? 'none';
  const names = await namesOf(context, kind);
  return names.filter((name) => !state.args.includes(name));
}

interface Skipped {
  readonly args: readonly string[];
  /** The flag whose value comes next. */
  readonly pending: Flag<unknown> | undefined;
  /** After `--`. */
  readonly ended: boolean;
}

/** Walk over words as the parser would, but forgive what is not complete yet. */
function skipFlags(flags: Flags, words: readonly string[], interspersed: boolean): Skipped {
  const args: string[] = [];
  const byShort = new Map(Object.values(flags).map((flag) => [flag.short, flag]));
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word === '--') return { args: [...args, ...words.slice(index + 1)], pending: undefined, ended: true };
    if (!word.startsWith('-') || word === '-') {
      if (!interspersed) return { args: words.slice(index), pending: undefined, ended: false };
      args.push(word);
      continue;
    }
    const flag = word.startsWith('--') ? flags[word.slice(2)] : byShort.get(word.at(-1));
    if (!flag || flag.isSwitch || word.includes('=')) continue;
    if (index + 1 === words.length) return { args, pending: flag, ended: false };
    index += 1;
  }
  return { args, pending: undefined, ended: false };
}

function flagNames(flags: Flags): readonly string[] {
  const shown = Object.entries(flags).filter(([, flag]) => !flag.hidden && flag.refused === undefined);
  return [...shown.map(([name, flag]) => `--${name}\t${flag.help}`), '--help\tExplain the command'];
}

async function valuesOf(context: Context, flag: Flag<unknown>): Promise<readonly string[]> {
  return flag.values ?? (await namesOf(context, flag.complete ?? 'none'));
}

async function namesOf(context: Context, kind: CompletionKind): Promise<readonly string[]> {
  const { client } = context;
  const containers = async (all: boolean, filters?: Record<string, string[]>): Promise<readonly string[]> =>
    (await client.containers.list({ all, ...(filters && { filters }) })).flatMap((container) =>
      container.Names.map((name) => name.replace(/^\//, '')),
    );
  switch (kind) {
    case 'container':
      return await containers(true);
    case 'running-container':
      return await containers(false);
    case 'stopped-container':
      return await containers(true, { status: ['created', 'exited', 'dead'] });
    case 'image':
      return (await client.images.list())
        .flatMap((image) => image.RepoTags ?? [])
        .filter((tag) => !tag.startsWith('<none>'));
    case 'network':
      return (await client.networks.list()).map((network) => network.Name);
    case 'volume':
      return ((await client.volumes.list()).Volumes ?? []).map((volume) => volume.Name);
    case 'file':
      return [':files'];
    case 'directory':
      return [':directories'];
    case 'none':
      return [];
  }
}
