import type { Flag, Flags } from '../flags/flag.ts';
import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { GLOBAL_FLAGS } from './globals.ts';
import { type CommandNode, findIn, type GroupNode, isGroup } from './tree.ts';

/** The help of `pouch`, of a group or of a command; undefined where there is no such thing. */
export async function helpFor(words: readonly string[], width: number): Promise<string | undefined> {
  const [first, second] = words;
  if (first === undefined) return rootHelp(width);
  const node = findIn(COMMANDS, first);
  if (!node) return undefined;
  if (!isGroup(node)) return commandHelp(first, node, (await node.load()).default, width);
  if (second === undefined) return groupHelp(first, node, width, (await node.flags?.())?.default);
  const child = findIn(node.children, second);
  if (!child || isGroup(child)) return undefined;
  return commandHelp(`${first} ${second}`, child, (await child.load()).default, width);
}

function rootHelp(width: number): string {
  const section = (title: string, group: string): string => {
    const nodes = Object.entries(COMMANDS).filter(([, node]) => node.group === group);
    return `${title}:\n${nodes.map(([name, node]) => `  ${name.padEnd(11)} ${node.purpose}`).join('\n')}`;
  };
  return [
    'Usage:  pouch [OPTIONS] COMMAND',
    'Run containers, and look after their images, networks and volumes.',
    section('Common Commands', 'common'),
    section('Management Commands', 'management'),
    section('Commands', 'other'),
    flagHelp('Global Options', GLOBAL_FLAGS, Object.keys(GLOBAL_FLAGS), width),
    'Examples:\n  pouch run --rm -it alpine sh      a shell in a fresh container, gone when you leave\n  pouch run -d -p 8080:80 nginx     a web server on port 8080 of this machine\n  pouch ps                          what is running',
    "Run 'pouch COMMAND --help' for more information on a command.",
  ].join('\n\n');
}

function groupHelp(name: string, group: GroupNode, width: number, flags?: Flags): string {
  const commands = Object.entries(group.children).filter(([, node]) => !node.hidden);
  const lines = commands.map(([word, node]) => `  ${word.padEnd(11)} ${node.purpose}`);
  return [
    `Usage:  pouch ${name} ${flags ? '[OPTIONS] ' : ''}COMMAND`,
    group.purpose,
    `Commands:\n${lines.join('\n')}`,
    ...(flags ? [flagHelp('Options', flags, Object.keys(flags), width)] : []),
    `Run 'pouch ${name} COMMAND --help' for more information on a command.`,
  ].join('\n\n');
}

/** The help of one command: purpose, usage, examples, and its flags under their headings. */
export function commandHelp(path: string, node: CommandNode, command: Command, width: number): string {
  const usage = [command.usage].flat().map((line) => `pouch ${path} ${line}`.trimEnd());
  const aliases = aliasesOf(node);
  const column = Math.max(...command.examples.map((example) => example.command.length)) + 3;
  const narrow = column > width / 2;
  const examples = command.examples.map((example) =>
    narrow ? `  # ${example.does}\n  ${example.command}` : `  ${example.command.padEnd(column)}${example.does}`,
  );
  return [
    `Usage:  ${usage.join('\n        ')}`,
    node.purpose + (command.description ? `\n\n${wrap(command.description, width, 0)}` : ''),
    ...(aliases.length > 1 ? [`Aliases:\n  ${aliases.join(', ')}`] : []),
    `Examples:\n${examples.join('\n')}`,
    ...flagSections(command.flags, width),
  ].join('\n\n');
}

/** Every place at which a command can be called. */
export function aliasesOf(node: CommandNode): readonly string[] {
  const found: string[] = [];
  const visit = (prefix: string, nodes: Readonly<Record<string, CommandNode | GroupNode>>): void => {
    for (const [name, other] of Object.entries(nodes)) {
      if (isGroup(other)) visit(`${prefix} ${name}`, other.children);
      else if (other.load === node.load)
        found.push(...[name, ...(other.aliases ?? [])].map((word) => `${prefix} ${word}`));
    }
  };
  visit('pouch', COMMANDS);
  return found.toSorted();
}

function flagSections(flags: Flags, width: number): string[] {
  const groups = new Map<string, string[]>();
  for (const [name, flag] of Object.entries(flags)) {
    if (flag.hidden || flag.refused !== undefined) continue;
    const group = flag.group ?? 'Options';
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups].map(([group, names]) => flagHelp(group, flags, names, width));
}

function flagHelp(title: string, flags: Flags, names: readonly string[], width: number): string {
  const shown = names.filter((name) => !flags[name]?.hidden && flags[name]?.refused === undefined).toSorted();
  const heads = shown.map((name) => flagHead(name, flags[name] as Flag<unknown>));
  const column = Math.max(...heads.map((head) => head.length)) + 3;
  const lines = shown.map((name, index) => {
    const flag = flags[name] as Flag<unknown>;
    const text = flag.help + (flag.shownDefault === undefined ? '' : ` (default ${flag.shownDefault})`);
    return (heads[index] as string).padEnd(column) + wrap(text, width, column);
  });
  return `${title}:\n${lines.join('\n')}`;
}

function flagHead(name: string, flag: Flag<unknown>): string {
  return `  ${flag.short ? `-${flag.short}, ` : '    '}--${name}${flag.type ? ` ${flag.type}` : ''}`;
}

/** Break text into lines that fit; those after the first are indented. */
function wrap(text: string, width: number, indent: number): string {
  const room = Math.max(width - indent, 24);
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line && line.length + word.length + 1 > room) {
        lines.push(line);
        line = word;
      } else line += line ? ` ${word}` : word;
    }
    lines.push(line);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
