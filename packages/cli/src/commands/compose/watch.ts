import { up, watch } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  description: 'What to do is said by develop.watch of the services: sync, rebuild, restart, sync+restart, sync+exec.',
  examples: [{ command: 'pouch compose watch', does: 'edit here, see it there' }],
  flags: {
    'no-up': bool('Do not build and start the services before'),
    prune: bool('Accepted for compatibility', { default: true, hidden: true }),
    quiet: bool('Show no progress', { hidden: true }),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Starting', services, quiet: flags.quiet });
    if (!flags['no-up']) {
      await up(session, {
        services,
        images: { build: true },
        recreate: 'changed',
        dependencies: true,
        scale: new Map(),
        removeOrphans: false,
        renewVolumes: false,
        start: true,
      });
    }
    session.endProgress();
    await watch(session, { services, report: (line) => context.warn(line) });
  },
});
