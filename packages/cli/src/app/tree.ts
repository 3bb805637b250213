import type { Flags } from '../flags/flag.ts';
import type { Command } from './command.ts';

/** Where a command stands in `pouch help`. */
export type CommandGroup = 'common' | 'management' | 'other';

/** A command of the tree; its module is loaded when it is called. */
export interface CommandNode {
  /** One line: what it is for. */
  readonly purpose: string;
  readonly group?: CommandGroup;
  /** Other names at the same place. */
  readonly aliases?: readonly string[];
  readonly hidden?: boolean;
  readonly load: () => Promise<{ readonly default: Command }>;
}

/** A word under which commands stand. */
export interface GroupNode {
  readonly purpose: string;
  readonly group: 'management';
  readonly children: Readonly<Record<string, CommandNode>>;
  /** Flags between the word and its command. */
  readonly flags?: () => Promise<{ readonly default: Flags }>;
}

export type Tree = Readonly<Record<string, CommandNode | GroupNode>>;

export interface Resolved {
  /** The words that led there, aliases as they were typed: `container ls`. */
  readonly path: string;
  readonly node: CommandNode;
  readonly rest: readonly string[];
}

export function isGroup(node: CommandNode | GroupNode): node is GroupNode {
  return 'children' in node;
}

/** Find a command by name or alias. */
export function findIn(
  tree: Readonly<Record<string, CommandNode | GroupNode>>,
  word: string,
): CommandNode | GroupNode | undefined {
  if (Object.hasOwn(tree, word)) return tree[word];
  return Object.values(tree).find((node) => !isGroup(node) && node.aliases?.includes(word));
}
