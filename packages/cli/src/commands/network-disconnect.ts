import { command } from '../app/command.ts';
import { bool } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  examples: [
    { command: 'pouch network disconnect backend web', does: 'while it runs' },
    { command: 'pouch network disconnect -f backend gone', does: 'clear away what is left of it' },
  ],
  complete: ['network', 'container'],
  flags: { force: bool('Also when the container is not there', { short: 'f' }) },
  async run(context, flags, [network = '', container = '']) {
    await context.client.networks.disconnect(network, container, flags.force);
  },
});
