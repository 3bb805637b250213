import { command } from '../app/command.ts';
import { bool, format, str } from '../flags/types.ts';
import { ago, ellipsis, humanSize, shortenId } from '../output/human.ts';
import { printRows } from '../output/rows.ts';

const HEADERS = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

export default command({
  usage: '[OPTIONS] IMAGE',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch history nginx', does: 'what made it, newest first' },
    { command: 'pouch history --no-trunc --format "{{.CreatedBy}}" nginx', does: 'the commands whole' },
  ],
  complete: 'image',
  flags: {
    format: format(),
    human: bool('Sizes and dates for people', { short: 'H', default: true }),
    'no-trunc': bool('Print ids and commands whole'),
    platform: str('Platform of the image: os[/arch[/variant]]'),
    quiet: bool('Print only ids', { short: 'q' }),
  },
  async run(context, flags, [image = '']) {
    const items = await context.client.images.history(image, flags.platform || undefined);
    const rows = items.map((item) => {
      const created = item.Created * 1000;
      const at = `${new Date(created).toISOString().slice(0, 19)}Z`;
      const by = item.CreatedBy.replaceAll('\t', ' ');
      return {
        ID: flags['no-trunc'] ? item.Id : shortenId(item.Id),
        CreatedSince: !flags.human ? at : item.Created > 0 ? ago(created) : 'N/A',
        CreatedAt: at,
        CreatedBy: flags['no-trunc'] ? by : ellipsis(by, 45),
        Size: flags.human ? humanSize(item.Size) : String(item.Size),
        Comment: item.Comment,
      };
    });
    printRows(context, rows, {
      format: flags.format,
      table: flags.human
        ? '{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}'
        : '{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}',
      headers: HEADERS,
      only: flags.quiet ? 'ID' : undefined,
    });
  },
});
