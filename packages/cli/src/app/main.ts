import { PouchError } from '@pouch/base';
import type { FlagValues } from '../flags/flag.ts';
import { FlagError, HelpRequested, parseFlags } from '../flags/parse.ts';
import { BrokenPipeError } from '../output/output.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { Context } from './context.ts';
import { describeError, ExitError, exitCodeOf, UsageError } from './errors.ts';
import { GLOBAL_FLAGS, toGlobals } from './globals.ts';
import { type CommandNode, findIn, type GroupNode, isGroup } from './tree.ts';
import { CLIENT_VERSION } from './version.ts';

/** What a shell shows for a program that died of SIGPIPE. */
const SIGPIPE_EXIT = 141;

/** Run `pouch` with these arguments; resolves with the exit code once everything is printed. */
export async function main(argv: readonly string[]): Promise<number> {
  using plain = new Context({ debug: false });
  try {
    return await dispatch(plain, argv);
  } catch (error) {
    if (error instanceof BrokenPipeError) return SIGPIPE_EXIT;
    try {
      plain.warn(errorMessageWithCauses(error, argv));
    } catch {
      return SIGPIPE_EXIT;
    }
    return exitCodeOf(error);
  }
}

async function dispatch(plain: Context, argv: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(GLOBAL_FLAGS, argv, false);
  } catch (error) {
    if (error instanceof HelpRequested)
      return await showHelp(
        plain,
        argv.filter((word) => !word.startsWith('-')),
      );
    if (!(error instanceof FlagError)) throw error;
    plain.warn(
      `${error.message}\n\nUsage:  pouch [OPTIONS] COMMAND [ARG...]\n\nRun 'pouch --help' for more information`,
    );
    return 125;
  }
  const values = parsed.values as FlagValues<typeof GLOBAL_FLAGS>;
  if (values.version) {
    plain.print(`Pouch version ${CLIENT_VERSION}`);
    return 0;
  }
  using context = new Context(toGlobals(values, parsed.given));
  const [word, ...rest] = parsed.args;
  if (word === undefined) return await showHelp(context, []);
  if (word === 'help') return await showHelp(context, rest);
  if (word === '__complete') {
    const { complete } = await import('./complete.ts');
    return await complete(context, rest);
  }
  const node = findIn(COMMANDS, word);
  if (!node) return await unknownCommand(context, [], word, COMMANDS);
  return isGroup(node) ? await runGroup(context, word, node, rest) : await runCommand(context, word, node, rest);
}

async function runGroup(context: Context, word: string, group: GroupNode, rest: readonly string[]): Promise<number> {
  const flags = await group.flags?.();
  if (flags) {
    try {
      const parsed = parseFlags(flags.default, rest, false);
      context.groupFlags = parsed.values;
      return await runChild(context, word, group, parsed.args);
    } catch (error) {
      if (error instanceof HelpRequested) return await showHelp(context, [word]);
      if (!(error instanceof FlagError)) throw error;
      context.warn(
        `${error.message}\n\nUsage:  pouch ${word} [OPTIONS] COMMAND\n\nRun 'pouch ${word} --help' for more information`,
      );
      return 125;
    }
  }
  return await runChild(context, word, group, rest);
}

async function runChild(context: Context, word: string, group: GroupNode, rest: readonly string[]): Promise<number> {
  const [second, ...args] = rest;
  if (second === undefined || second === '--help' || second === '-h' || second === 'help') {
    return await showHelp(context, [word, ...args]);
  }
  const child = second.startsWith('-') ? undefined : findIn(group.children, second);
  if (!child || isGroup(child)) return await unknownCommand(context, [word], second, group.children);
  return await runCommand(context, `${word} ${second}`, child, args);
}

async function runCommand(context: Context, path: string, node: CommandNode, argv: readonly string[]): Promise<number> {
  const { default: command } = await node.load();
  try {
    const parsed = parseFlags(command.flags, argv, command.interspersed ?? true);
    checkArguments(path, command, parsed.args);
    return (await command.run(context, parsed.values, parsed.args, parsed.given)) ?? 0;
  } catch (error) {
    if (error instanceof HelpRequested) {
      const { commandHelp } = await import('./help.ts');
      context.print(commandHelp(path, node, command, helpWidth()));
      return 0;
    }
    if (error instanceof FlagError || error instanceof UsageError) {
      const prefix = error instanceof UsageError ? 'pouch: ' : '';
      const usage = [command.usage].flat().map((line) => `pouch ${path} ${line}`.trimEnd());
      context.warn(
        `${prefix}${error.message}\n\nUsage:  ${usage.join('\n        ')}\n\nRun 'pouch ${path} --help' for more information`,
      );
      return error instanceof FlagError ? 125 : 1;
    }
    throw error;
  }
}

function checkArguments(path: string, command: Command, args: readonly string[]): void {
  const { min, max } = command.args;
  const words = (count: number): string => `${count} argument${count === 1 ? '' : 's'}`;
  if (args.length >= min && (max === undefined || args.length <= max)) return;
  if (max === 0) throw new UsageError(`'pouch ${path}' accepts no arguments`);
  if (min === max) throw new UsageError(`'pouch ${path}' requires ${words(min)}`);
  if (args.length < min) throw new UsageError(`'pouch ${path}' requires at least ${words(min)}`);
  throw new UsageError(`'pouch ${path}' requires at most ${words(max ?? min)}`);
}

async function unknownCommand(
  context: Context,
  path: readonly string[],
  word: string,
  tree: Readonly<Record<string, CommandNode | GroupNode>>,
): Promise<number> {
  const { suggest } = await import('./suggest.ts');
  const parent = ['pouch', ...path].join(' ');
  const near = suggest(word, Object.keys(tree));
  const hint = near.length > 0 ? `\n\nDid you mean ${near.map((name) => `'${parent} ${name}'`).join(' or ')}?` : '';
  context.warn(`pouch: unknown command: ${parent} ${word}${hint}\n\nRun '${parent} --help' for more information`);
  return word.startsWith('-') ? 125 : 1;
}

async function showHelp(context: Context, words: readonly string[]): Promise<number> {
  const { helpFor } = await import('./help.ts');
  const text = await helpFor(words, helpWidth());
  if (text === undefined) {
    context.warn(`unknown help topic: ${words.join(' ')}`);
    return 1;
  }
  context.print(text);
  return 0;
}

function helpWidth(): number {
  const columns = Number(process.env['COLUMNS']) || process.stdout.columns || 80;
  return Math.min(Math.max(columns, 60), 120);
}

function errorMessageWithCauses(error: unknown, argv: readonly string[]): string {
  let text = error instanceof ExitError ? error.message : describeError(error);
  const debug = argv.includes('-D') || argv.includes('--debug');
  if (!(error instanceof PouchError) && !(error instanceof ExitError) && debug && error instanceof Error) {
    text = error.stack ?? text;
  }
  for (
    let cause = error instanceof Error && debug ? error.cause : undefined;
    cause instanceof Error;
    cause = cause.cause
  ) {
    text += `\ncaused by: ${cause.message}`;
  }
  return text;
}
