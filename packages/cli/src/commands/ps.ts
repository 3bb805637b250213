import { command } from '../app/command.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { bool, filter, format, int } from '../flags/types.ts';
import { CONTAINER_HEADERS, containerRow, containerTable } from '../list/container-row.ts';
import { printRows } from '../output/rows.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch ps -a', does: 'also those that have stopped' },
    { command: 'pouch ps -f status=exited -f label=app=web', does: 'only some' },
    { command: "pouch ps --format 'table {{.Names}}\\t{{.Status}}'", does: 'only some columns' },
  ],
  complete: 'none',
  flags: {
    all: bool('Also those that do not run', { short: 'a' }),
    filter: filter('Only those that match: name=, status=, label=, ancestor=, network=, …', { short: 'f' }),
    format: format(),
    last: int('The last so many that were made, running or not', { short: 'n', default: -1 }),
    latest: bool('The last one that was made', { short: 'l' }),
    'no-trunc': bool('Print long ids and commands whole'),
    quiet: bool('Print only ids', { short: 'q' }),
    size: bool('Show what they take on disk', { short: 's' }),
  },
  async run(context, flags) {
    const template = flags.format || (flags.quiet ? '' : (readConfigFile(context).psFormat ?? ''));
    const limit = flags.latest ? 1 : flags.last;
    const size = flags.size || (template !== '' && template !== 'json' && /\.Size\b/.test(template));
    const containers = await context.client.containers.list({
      all: flags.all,
      size,
      ...(limit > 0 && { limit }),
      filters: flags.filter,
    });
    const rows = containers.map((container) => containerRow(container, !flags['no-trunc']));
    printRows(context, rows, {
      format: template,
      table: containerTable(flags.size),
      headers: CONTAINER_HEADERS as unknown as Readonly<Record<string, string>>,
      only: flags.quiet ? 'ID' : undefined,
    });
  },
});
