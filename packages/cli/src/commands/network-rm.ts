import { isErrorCode } from '@pouch/base';
import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';
import { bool } from '../flags/types.ts';

export default command({
  usage: 'NETWORK [NETWORK...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch network rm backend', does: 'one that no container is on' },
    { command: 'pouch network rm -f a b c', does: 'some of which may be gone' },
  ],
  complete: 'network',
  flags: { force: bool('No error when it is not there', { short: 'f' }) },
  async run(context, flags, args) {
    return await forEachTarget(context, args, async (name) => {
      try {
        await context.client.networks.remove(name);
      } catch (error) {
        if (!flags.force || !isErrorCode(error, 'not-found')) throw error;
      }
    });
  },
});
