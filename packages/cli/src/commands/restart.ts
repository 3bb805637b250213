import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';
import { optionalInt, str } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch restart web', does: 'stop it and start it again' },
    { command: 'pouch restart -t 0 web', does: 'without waiting' },
  ],
  complete: 'container',
  flags: {
    signal: str('Signal to send in place of SIGTERM', { short: 's' }),
    timeout: optionalInt('Seconds before it is killed; -1 waits for ever', { short: 't' }),
    time: optionalInt('The same as --timeout', { hidden: true }),
  },
  async run(context, flags, args) {
    const timeout = flags.timeout ?? flags.time;
    const options = { ...(flags.signal && { signal: flags.signal }), ...(timeout !== undefined && { timeout }) };
    return await forEachTarget(context, args, (id) => context.client.containers.restart(id, options));
  },
});
