import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';
import { str } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch kill web', does: 'end it at once' },
    { command: 'pouch kill -s HUP web', does: 'have it read its configuration again' },
  ],
  complete: 'running-container',
  flags: {
    signal: str('Signal to send in place of SIGKILL', { short: 's' }),
  },
  async run(context, flags, args) {
    return await forEachTarget(context, args, (id) => context.client.containers.kill(id, flags.signal || undefined));
  },
});
