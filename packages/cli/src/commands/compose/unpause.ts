import { unpause } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';

export default onServices({
  title: 'Unpausing',
  examples: [{ command: 'pouch compose unpause', does: 'they go on' }],
  flags: {},
  run: async (session, services) => await unpause(session, services),
});
