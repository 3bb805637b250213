import { pause } from '@pouch/compose';
import { onServices } from '../../compose/simple-command.ts';

export default onServices({
  title: 'Pausing',
  examples: [{ command: 'pouch compose pause', does: 'all processes of the project stand still' }],
  flags: {},
  run: async (session, services) => await pause(session, services),
});
