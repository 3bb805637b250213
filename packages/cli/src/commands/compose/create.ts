import { up } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { parseScale } from '../../compose/scale.ts';
import { bool, list, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose create', does: 'containers that wait to be started' }],
  flags: {
    build: bool('Build images before'),
    'force-recreate': bool('Make containers anew although nothing has changed'),
    'no-build': bool('Do not build missing images'),
    'no-recreate': bool('Leave containers as they are although something has changed'),
    pull: str('When to pull images', { values: ['always', 'missing', 'never', 'build'] }),
    'quiet-pull': bool('Show no progress of pulls'),
    'remove-orphans': bool('Remove containers of services that the files do not have'),
    scale: list('SERVICE=COUNT: so many containers of this service'),
    yes: bool('Answer questions with yes; there are none here', { short: 'y', hidden: true }),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Creating', services });
    await up(session, {
      services,
      images: {
        build: flags.build,
        noBuild: flags['no-build'],
        quiet: flags['quiet-pull'],
        ...(flags.pull && { pull: flags.pull }),
      },
      recreate: flags['force-recreate'] ? 'always' : flags['no-recreate'] ? 'never' : 'changed',
      dependencies: true,
      scale: parseScale(flags.scale),
      removeOrphans: flags['remove-orphans'],
      renewVolumes: false,
      start: false,
    });
  },
});
