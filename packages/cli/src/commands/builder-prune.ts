import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, bytes, filter } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch builder prune', does: 'what no image has a part of' },
    { command: 'pouch builder prune -af --keep-storage 5g', does: 'all but the newest 5 GB, without asking' },
  ],
  complete: 'none',
  flags: {
    all: bool('Also what images have a part of', { short: 'a' }),
    filter: filter('Only those that match: until=24h, id=…, description=…, shared=…'),
    force: bool('Do not ask', { short: 'f' }),
    'keep-storage': bytes('Amount of the newest cache to keep'),
  },
  async run(context, flags) {
    if (!flags.force)
      await confirm(
        context,
        flags.all
          ? 'WARNING! This will remove all build cache.\nAre you sure you want to continue?'
          : 'WARNING! This will remove all dangling build cache.\nAre you sure you want to continue?',
      );
    const pruned = await context.client.builds.prune({
      all: flags.all,
      filters: flags.filter,
      ...(flags['keep-storage'] > 0 && { reservedSpace: flags['keep-storage'] }),
    });
    const deleted = pruned.CachesDeleted ?? [];
    if (deleted.length > 0) context.print(`Deleted build cache objects:\n${deleted.join('\n')}\n`);
    context.print(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed)}`);
  },
});
