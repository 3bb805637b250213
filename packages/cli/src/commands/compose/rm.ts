import { removable, remove } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { confirm } from '../../app/targets.ts';
import { bool } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose rm -sf worker', does: 'stop and remove without a question' }],
  flags: {
    force: bool('Do not ask', { short: 'f' }),
    stop: bool('Stop containers that run before', { short: 's' }),
    volumes: bool('Remove their anonymous volumes too', { short: 'v' }),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Removing', fromContainers: true, services });
    const containers = await removable(session, services, flags.stop);
    if (containers.length === 0) {
      context.warn('No stopped containers');
      return;
    }
    if (!flags.force) {
      session.endProgress();
      context.print(`Going to remove ${containers.map(({ name }) => name).join(', ')}`);
      await confirm(context, 'Are you sure?');
    }
    await remove(session, containers, flags.volumes);
  },
});
