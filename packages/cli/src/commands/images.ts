import { command } from '../app/command.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { bool, filter, format } from '../flags/types.ts';
import { IMAGE_HEADERS, imageRows, imageTable } from '../list/image-row.ts';
import { printRows } from '../output/rows.ts';

export default command({
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  args: { min: 0, max: 1 },
  examples: [
    { command: 'pouch images', does: 'all that are here' },
    { command: 'pouch images -f dangling=true -q', does: 'the ids of those without a name' },
  ],
  complete: 'image',
  flags: {
    all: bool('Also intermediate images', { short: 'a' }),
    digests: bool('Show digests'),
    filter: filter('Only those that match: reference=, label=, dangling=, before=, since=', { short: 'f' }),
    format: format(),
    'no-trunc': bool('Print ids whole'),
    quiet: bool('Print only ids', { short: 'q' }),
    tree: bool('List platforms as a tree', { refused: "use 'pouch image inspect' to see an image's platforms" }),
  },
  async run(context, flags, [reference]) {
    const template = flags.format || (flags.quiet ? '' : (readConfigFile(context).imagesFormat ?? ''));
    const filters = reference === undefined ? flags.filter : { ...flags.filter, reference: [reference] };
    const images = await context.client.images.list({ all: flags.all, filters });
    const digests = flags.digests || /\.Digest\b/.test(template);
    const sorted = images.toSorted((a, b) => b.Created - a.Created);
    const rows = sorted.flatMap((image) => imageRows(image, { truncate: !flags['no-trunc'], digests }));
    printRows(context, rows, {
      format: template,
      table: imageTable(flags.digests),
      headers: IMAGE_HEADERS,
      only: flags.quiet ? 'ID' : undefined,
    });
  },
});
