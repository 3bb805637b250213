import { containersOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, str } from '../../flags/types.ts';
import { ago, humanSize, shortenId } from '../../output/human.ts';
import { formatTable } from '../../output/table.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose images', does: 'what each container was made of' }],
  flags: {
    format: str('table or json', { values: ['table', 'json'], default: 'table' }),
    quiet: bool('Print only ids', { short: 'q' }),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Images', fromContainers: true, quiet: true, services });
    const containers = await containersOf(session, services, { oneOff: true });
    const inspected = await Promise.all(
      [...new Set(containers.map(({ summary }) => summary.ImageID))].map(async (id) => {
        const image = await context.client.images.inspect(id).catch(() => undefined);
        return [id, image] as const;
      }),
    );
    if (flags.quiet) {
      for (const [id] of inspected) context.print(id.replace(/^sha256:/, ''));
      return;
    }
    const images = new Map(inspected);
    const rows = containers.map(({ name, summary }) => {
      const image = images.get(summary.ImageID);
      const reference = image?.RepoTags?.find((tag) => tag === summary.Image || tag === `${summary.Image}:latest`);
      const at = (reference ?? image?.RepoTags?.[0] ?? '<none>:<none>').lastIndexOf(':');
      const full = reference ?? image?.RepoTags?.[0] ?? '<none>:<none>';
      return {
        ID: summary.ImageID,
        ContainerName: name,
        Repository: full.slice(0, at),
        Tag: full.slice(at + 1),
        Platform: `${image?.Os ?? ''}/${image?.Architecture ?? ''}`,
        Size: image?.Size ?? 0,
        Created: image?.Created ?? '',
      };
    });
    if (flags.format === 'json') {
      context.print(JSON.stringify(rows));
      return;
    }
    context.stdout.write(
      formatTable([
        ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'],
        ...rows.map((row) => [
          row.ContainerName,
          row.Repository,
          row.Tag,
          row.Platform,
          shortenId(row.ID),
          humanSize(row.Size),
          row.Created === '' ? 'N/A' : ago(Date.parse(row.Created)),
        ]),
      ]),
    );
  },
});
