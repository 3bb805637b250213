import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, filter } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch volume prune', does: 'anonymous ones' },
    { command: 'pouch volume prune -af', does: 'all that nothing uses, without asking' },
  ],
  complete: 'none',
  flags: {
    all: bool('Also those with a name', { short: 'a' }),
    filter: filter('Only those that match: label=…'),
    force: bool('Do not ask', { short: 'f' }),
  },
  async run(context, flags) {
    if (!flags.force)
      await confirm(
        context,
        flags.all
          ? 'WARNING! This will remove all local volumes not used by at least one container.\nAre you sure you want to continue?'
          : 'WARNING! This will remove anonymous local volumes not used by at least one container.\nAre you sure you want to continue?',
      );
    const filters = flags.all ? { ...flags.filter, all: ['true'] } : flags.filter;
    const pruned = await context.client.volumes.prune(filters);
    const deleted = pruned.VolumesDeleted ?? [];
    if (deleted.length > 0) context.print(`Deleted Volumes:\n${deleted.join('\n')}\n`);
    context.print(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed)}`);
  },
});
