import { type CommandReference, cliReference, type FlagReference } from '@pouch/cli';
import { anchor, cell, code, generatedFrom, page, table } from './markdown.ts';

/** Every command of `pouch` and every flag, from the tables of the CLI. */
export async function cliPage(): Promise<string> {
  const { commands, globalFlags } = await cliReference();
  return page(
    generatedFrom('the tables of packages/cli'),
    '# The commands of `pouch`',
    'Flags follow the rules of Docker’s client: `--name value` or `--name=value`, switches as `--rm` or `--rm=false`, short ones joined as in `-it`. A flag whose type is a list may be given several times. `pouch COMMAND --help` prints the same as this page.',
    table(
      ['Command', 'What it does'],
      commands.map(({ path, purpose }) => [`[${code(path)}](#${anchor(path)})`, cell(purpose)]),
    ),
    '## Flags before the command',
    flagTable(globalFlags),
    ...commands.map(commandSection),
  );
}

function commandSection({ path, purpose, description, usage, aliases, examples, flags }: CommandReference): string {
  const groups = Map.groupBy(flags, ({ group }) => group);
  return [
    `## ${path}`,
    `${purpose}.`.replace(/([.?!])\.$/, '$1'),
    ...(description === undefined ? [] : [description]),
    `\`\`\`\n${usage.join('\n')}\n\`\`\``,
    ...(aliases.length === 0 ? [] : [`Also: ${aliases.map(code).join(', ')}`]),
    ...[...groups].flatMap(([name, of]) => [...(groups.size > 1 ? [`**${name}**`] : []), flagTable(of)]),
    ...(examples.length === 0
      ? []
      : [`\`\`\`sh\n${examples.map(({ command, does }) => `${command}    # ${does}`).join('\n')}\n\`\`\``]),
  ].join('\n\n');
}

function flagTable(flags: readonly FlagReference[]): string {
  return table(
    ['Flag', 'Type', 'Default', 'What it does'],
    flags.map((flag) => [
      `${flag.short === undefined ? '' : `${code(`-${flag.short}`)}, `}${code(`--${flag.name}`)}`,
      cell(flag.type || 'switch'),
      flag.default === undefined || flag.default === '' ? '' : code(cell(flag.default)),
      cell(flag.help),
    ]),
  );
}
