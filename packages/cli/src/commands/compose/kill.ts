import { kill } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';
import { bool, str } from '../../flags/types.ts';

export default onServices({
  title: 'Killing',
  examples: [{ command: 'pouch compose kill -s HUP web', does: 'have it read its configuration anew' }],
  flags: {
    'remove-orphans': bool('Accepted for compatibility', { hidden: true }),
    signal: str('Signal to send', { short: 's', default: 'SIGKILL' }),
  },
  run: async (session, services, flags) => await kill(session, services, flags.signal),
});
