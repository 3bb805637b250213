import { LABEL } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, str } from '../../flags/types.ts';
import { formatTable } from '../../output/table.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [{ command: 'pouch compose volumes -q', does: "names of the project's volumes" }],
  flags: {
    format: str('table or json', { values: ['table', 'json'], default: 'table' }),
    quiet: bool('Print only names', { short: 'q' }),
  },
  async run(context, flags) {
    using session = await openSession(context, { title: 'Volumes', fromContainers: true, quiet: true });
    const found = await context.client.volumes.list({ label: [`${LABEL.project}=${session.project.name}`] });
    const volumes = (found.Volumes ?? []).toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
    if (flags.quiet) for (const { Name: name } of volumes) context.print(name);
    else if (flags.format === 'json') for (const volume of volumes) context.print(JSON.stringify(volume));
    else
      context.stdout.write(
        formatTable([['VOLUME NAME', 'DRIVER'], ...volumes.map(({ Name, Driver }) => [Name, Driver])]),
      );
  },
});
