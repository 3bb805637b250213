import { restart } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';
import { bool, optionalInt } from '../../flags/types.ts';

export default onServices({
  title: 'Restarting',
  examples: [{ command: 'pouch compose restart web', does: 'stop and start the containers of one service' }],
  flags: {
    'no-deps': bool('Leave out services that asked to be restarted along'),
    timeout: optionalInt('Seconds to stop a container before it is killed', { short: 't' }),
  },
  run: async (session, services, flags) =>
    await restart(session, services, {
      dependents: !flags['no-deps'],
      ...(flags.timeout !== undefined && { timeout: flags.timeout }),
    }),
});
