import { command } from '../app/command.ts';
import { str } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  args: { min: 2, max: 2 },
  examples: [{ command: 'pouch checkpoint rm web before-maintenance', does: 'remove its files' }],
  complete: 'container',
  flags: { 'checkpoint-dir': str('Directory that it is in', { complete: 'file' }) },
  async run(context, flags, args) {
    const [container = '', name = ''] = args;
    await context.client.checkpoints.remove(container, name, flags['checkpoint-dir']);
  },
});
