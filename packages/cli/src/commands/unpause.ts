import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';

export default command({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch unpause web', does: 'let it go on' },
    { command: 'pouch unpause $(pouch ps -q -f status=paused)', does: 'let all of them go on' },
  ],
  complete: 'running-container',
  flags: {},
  async run(context, _flags, args) {
    return await forEachTarget(context, args, (id) => context.client.containers.unpause(id));
  },
});
