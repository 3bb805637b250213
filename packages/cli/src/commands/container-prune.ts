import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, filter } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch container prune', does: 'ask, then remove' },
    { command: 'pouch container prune -f --filter until=24h', does: 'only what is older than a day' },
  ],
  complete: 'none',
  flags: {
    filter: filter('Only those that match: until=24h, label=…'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, flags) {
    if (!flags.force)
      await confirm(context, 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?');
    const pruned = await context.client.containers.prune(flags.filter);
    const deleted = pruned.ContainersDeleted ?? [];
    if (deleted.length > 0) context.print(`Deleted Containers:\n${deleted.join('\n')}\n`);
    context.print(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed)}`);
  },
});
