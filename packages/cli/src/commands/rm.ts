import { isErrorCode } from '@pouch/base';
import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';
import { bool } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch rm web', does: 'remove a stopped container' },
    { command: 'pouch rm -fv web', does: 'kill it first, and remove its anonymous volumes' },
  ],
  complete: 'container',
  flags: {
    force: bool('Kill it first if it runs', { short: 'f' }),
    link: bool('Remove the link of that name', { short: 'l' }),
    volumes: bool('Remove its anonymous volumes too', { short: 'v' }),
  },
  async run(context, flags, args) {
    const options = { force: flags.force, volumes: flags.volumes, link: flags.link };
    return await forEachTarget(context, args, async (name) => {
      const id = name.replace(/^\/+/, '');
      try {
        await context.client.containers.remove(id, options);
      } catch (error) {
        // With --force, a container that is not there is as good as removed; the daemon's word on it goes to stderr.
        if (!flags.force || !isErrorCode(error, 'not-found')) throw error;
        context.warn(`Error response from daemon: ${error.message}`);
      }
      return name;
    });
  },
});
