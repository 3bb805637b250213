import { start } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';

export default onServices({
  title: 'Starting',
  examples: [{ command: 'pouch compose start', does: 'what was stopped, in the order of dependencies' }],
  flags: {},
  run: async (session, services) => await start(session, services),
});
