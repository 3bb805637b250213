import type { Flag } from '../flags/flag.ts';
import type { Example } from './command.ts';
import { COMMANDS } from './commands.ts';
import { GLOBAL_FLAGS } from './globals.ts';
import { aliasesOf } from './help.ts';
import { type CommandNode, type GroupNode, isGroup } from './tree.ts';

export interface FlagReference {
  readonly name: string;
  readonly short: string | undefined;
  /** Empty for a switch. */
  readonly type: string;
  readonly default: string | undefined;
  readonly help: string;
  readonly group: string;
}

export interface CommandReference {
  /** `pouch container ls`. */
  readonly path: string;
  readonly purpose: string;
  readonly description: string | undefined;
  readonly usage: readonly string[];
  readonly aliases: readonly string[];
  readonly examples: readonly Example[];
  readonly flags: readonly FlagReference[];
}

export interface CliReference {
  readonly globalFlags: readonly FlagReference[];
  readonly commands: readonly CommandReference[];
}

/** Every command and every flag, from the tables that also make the help. A command with several names comes once. */
export async function cliReference(): Promise<CliReference> {
  const commands: CommandReference[] = [];
  const seen = new Set<CommandNode['load']>();
  const visit = async (path: string, node: CommandNode): Promise<void> => {
    if (seen.has(node.load)) return;
    seen.add(node.load);
    const { default: command } = await node.load();
    commands.push({
      path,
      purpose: node.purpose,
      description: command.description,
      usage: [command.usage].flat().map((line) => `${path} ${line}`.trimEnd()),
      aliases: aliasesOf(node),
      examples: command.examples,
      flags: flagReferences(command.flags),
    });
  };
  const visitGroup = async (path: string, group: GroupNode): Promise<void> => {
    const flags = (await group.flags?.())?.default;
    if (flags) {
      commands.push({
        path,
        purpose: group.purpose,
        description: undefined,
        usage: [`${path} [OPTIONS] COMMAND`],
        aliases: [],
        examples: [],
        flags: flagReferences(flags),
      });
    }
    for (const [word, child] of Object.entries(group.children)) await visit(`${path} ${word}`, child);
  };
  for (const [name, node] of Object.entries(COMMANDS)) {
    if (!isGroup(node)) await visit(`pouch ${name}`, node);
    else await visitGroup(`pouch ${name}`, node);
  }
  commands.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { globalFlags: flagReferences(GLOBAL_FLAGS), commands };
}

function flagReferences(flags: Readonly<Record<string, Flag<unknown>>>): FlagReference[] {
  return Object.entries(flags)
    .filter(([, flag]) => !flag.hidden && flag.refused === undefined)
    .map(([name, flag]) => ({
      name,
      short: flag.short,
      type: flag.type,
      default: flag.shownDefault,
      help: flag.help,
      group: flag.group ?? 'Options',
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
