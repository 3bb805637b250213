import { stop } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';
import { optionalInt } from '../../flags/types.ts';

export default onServices({
  title: 'Stopping',
  examples: [{ command: 'pouch compose stop -t 30 db', does: 'half a minute to end before it is killed' }],
  flags: { timeout: optionalInt('Seconds to stop a container before it is killed', { short: 't' }) },
  run: async (session, services, flags) => await stop(session, services, flags.timeout),
});
