import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, filter } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch network prune', does: 'ask, then remove' },
    { command: 'pouch network prune -f', does: 'do not ask' },
  ],
  complete: 'none',
  flags: {
    filter: filter('Only those that match: until=24h, label=…'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, flags) {
    if (!flags.force)
      await confirm(
        context,
        'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?',
      );
    const pruned = await context.client.networks.prune(flags.filter);
    const deleted = pruned.NetworksDeleted ?? [];
    if (deleted.length > 0) context.print(`Deleted Networks:\n${deleted.join('\n')}\n`);
  },
});
