import { command } from '../app/command.ts';
import { str } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  examples: [{ command: 'pouch checkpoint ls web', does: 'list those of one container' }],
  complete: 'container',
  flags: { 'checkpoint-dir': str('Directory that they are in', { complete: 'file' }) },
  async run(context, flags, args) {
    const [container = ''] = args;
    const found = await context.client.checkpoints.list(container, flags['checkpoint-dir']);
    context.stdout.write(`${['CHECKPOINT NAME', ...found.map(({ Name }) => Name)].join('\n')}\n`);
  },
});
