import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, filter } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch image prune', does: 'those without a name' },
    { command: 'pouch image prune -a --filter until=168h', does: 'all unused ones older than a week' },
  ],
  complete: 'none',
  flags: {
    all: bool('All that no container uses, not only those without a name', { short: 'a' }),
    filter: filter('Only those that match: until=24h, label=…'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, flags) {
    if (!flags.force)
      await confirm(
        context,
        flags.all
          ? 'WARNING! This will remove all images without at least one container associated to them.\nAre you sure you want to continue?'
          : 'WARNING! This will remove all dangling images.\nAre you sure you want to continue?',
      );
    const filters = { ...flags.filter, dangling: [flags.all ? 'false' : 'true'] };
    const pruned = await context.client.images.prune(filters);
    const lines = (pruned.ImagesDeleted ?? []).map((item) =>
      item.Untagged ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`,
    );
    if (lines.length > 0) context.print(`Deleted Images:\n${lines.join('\n')}\n`);
    context.print(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed)}`);
  },
});
