import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';

export default command({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch pause web', does: 'freeze it' },
    { command: 'pouch pause $(pouch ps -q)', does: 'freeze all of them' },
  ],
  complete: 'running-container',
  flags: {},
  async run(context, _flags, args) {
    return await forEachTarget(context, args, (id) => context.client.containers.pause(id));
  },
});
