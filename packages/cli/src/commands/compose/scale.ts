import { up } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { parseScale } from '../../compose/scale.ts';
import { bool } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] SERVICE=COUNT...',
  args: { min: 1 },
  examples: [{ command: 'pouch compose scale worker=5', does: 'five containers of the service' }],
  flags: { 'no-deps': bool('Leave out what the services depend on') },
  async run(context, flags, args) {
    const scale = parseScale(args);
    const services = [...scale.keys()];
    using session = await openSession(context, { title: 'Scaling', services });
    await up(session, {
      services,
      images: { build: false },
      recreate: 'never',
      dependencies: !flags['no-deps'],
      scale,
      removeOrphans: false,
      ignoreOrphans: true,
      renewVolumes: false,
      start: true,
    });
  },
});
