import { command } from '../app/command.ts';
import { bool, str } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  args: { min: 2, max: 2 },
  examples: [
    { command: 'pouch checkpoint create web before-maintenance', does: 'write its processes down, and stop it' },
  ],
  complete: 'container',
  flags: {
    'checkpoint-dir': str('Keep it in this directory', { complete: 'file' }),
    'leave-running': bool('Let the container run on'),
  },
  async run(context, flags, args) {
    const [container = '', name = ''] = args;
    await context.client.checkpoints.create(container, {
      CheckpointID: name,
      Exit: !flags['leave-running'],
      ...(flags['checkpoint-dir'] && { CheckpointDir: flags['checkpoint-dir'] }),
    });
    context.stdout.write(`${name}\n`);
  },
});
