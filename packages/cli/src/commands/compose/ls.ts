import { LABEL, observed } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { bool, filter, str } from '../../flags/types.ts';
import { formatTable } from '../../output/table.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [{ command: 'pouch compose ls -a', does: 'projects whose containers have stopped too' }],
  flags: {
    all: bool('Also projects without running containers', { short: 'a' }),
    filter: filter('Only those that match: name=, a regular expression'),
    format: str('table or json', { values: ['table', 'json'], default: 'table' }),
    quiet: bool('Print only names', { short: 'q' }),
  },
  async run(context, flags) {
    const found = await context.client.containers.list({ all: flags.all, filters: { label: [LABEL.project] } });
    const byProject = Map.groupBy(found.map(observed), ({ summary }) => summary.Labels[LABEL.project] ?? '');
    const names = (flags.filter['name'] ?? []).map((text) => new RegExp(text));
    const projects = [...byProject]
      .filter(([name]) => names.every((pattern) => pattern.test(name)))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, containers]) => ({
        Name: name,
        Status: [...Map.groupBy(containers, ({ state }) => state)]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([state, of]) => `${state}(${of.length})`)
          .join(', '),
        ConfigFiles: [...new Set(containers.map(({ summary }) => summary.Labels[LABEL.files] ?? 'N/A'))].join(','),
      }));
    if (flags.quiet) for (const { Name: name } of projects) context.print(name);
    else if (flags.format === 'json') context.print(JSON.stringify(projects));
    else {
      const rows = projects.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles]);
      context.stdout.write(formatTable([['NAME', 'STATUS', 'CONFIG FILES'], ...rows]));
    }
  },
});
