import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';
import { bool } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch volume rm data', does: 'one that no container uses' },
    { command: 'pouch volume rm -f a b c', does: 'some of which may be gone' },
  ],
  complete: 'volume',
  flags: { force: bool('No error when it is not there', { short: 'f' }) },
  async run(context, flags, args) {
    return await forEachTarget(context, args, (name) => context.client.volumes.remove(name, flags.force));
  },
});
