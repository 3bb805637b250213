import { down } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { UsageError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, optionalInt, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [
    { command: 'pouch compose down', does: 'containers and networks go, volumes stay' },
    { command: 'pouch compose down -v --rmi local', does: 'nothing stays' },
  ],
  flags: {
    'remove-orphans': bool('Remove containers of services that the files do not have'),
    rmi: str("Remove images: 'all', or 'local' for those without a name of their own", { values: ['all', 'local'] }),
    timeout: optionalInt('Seconds to stop a container before it is killed', { short: 't' }),
    volumes: bool('Remove volumes too', { short: 'v' }),
  },
  async run(context, flags, services) {
    const { rmi } = flags;
    if (rmi !== '' && rmi !== 'all' && rmi !== 'local') throw new UsageError(`invalid value for --rmi: "${rmi}"`);
    using session = await openSession(context, { title: 'Stopping', fromContainers: true, services });
    await down(session, {
      services,
      volumes: flags.volumes,
      removeOrphans: flags['remove-orphans'] || /^(1|true)$/i.test(process.env['COMPOSE_REMOVE_ORPHANS'] ?? ''),
      ...(rmi !== '' && { images: rmi }),
      ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    });
  },
});
