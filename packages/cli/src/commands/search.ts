import { command } from '../app/command.ts';
import { credentialsFor } from '../auth/credentials.ts';
import { bool, filter, format, int } from '../flags/types.ts';
import { ellipsis } from '../output/human.ts';
import { printRows } from '../output/rows.ts';

const HEADERS = {
  Name: 'NAME',
  Description: 'DESCRIPTION',
  StarCount: 'STARS',
  IsOfficial: 'OFFICIAL',
  IsAutomated: 'AUTOMATED',
};

export default command({
  usage: '[OPTIONS] TERM',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch search redis', does: 'on Docker Hub' },
    { command: 'pouch search -f is-official=true --limit 5 redis', does: 'only official ones' },
  ],
  complete: 'none',
  flags: {
    filter: filter('Only those that match: is-official=, stars=', { short: 'f' }),
    format: format(),
    limit: int('At most so many'),
    'no-trunc': bool('Print descriptions whole'),
  },
  async run(context, flags, [term = '']) {
    const auth = await credentialsFor(context, term);
    const found = await context.client.images.search(term, {
      ...(flags.limit > 0 && { limit: flags.limit }),
      filters: flags.filter,
      ...(auth && { auth }),
    });
    const rows = found
      .toSorted((a, b) => b.star_count - a.star_count)
      .map((item) => {
        const description = item.description.replaceAll(/[\r\n]+/g, ' ');
        return {
          Name: item.name,
          Description: flags['no-trunc'] ? description : ellipsis(description, 45),
          StarCount: String(item.star_count),
          IsOfficial: item.is_official ? '[OK]' : '',
          IsAutomated: item.is_automated ? '[OK]' : '',
        };
      });
    const table = '{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}';
    printRows(context, rows, { format: flags.format, table, headers: HEADERS });
  },
});
