import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';

export default command({
  usage: 'CONTAINER NEW_NAME',
  args: { min: 2, max: 2 },
  examples: [
    { command: 'pouch rename web web-old', does: 'give way to a new one' },
    { command: 'pouch rename 3f2a db', does: 'name it by its id' },
  ],
  complete: ['container', 'none'],
  flags: {},
  async run(context, _flags, [name = '', newName = '']) {
    if (newName.trim() === '' || name.trim() === '') {
      throw new UsageError('neither old nor new names may be empty');
    }
    await context.client.containers.rename(name, newName);
  },
});
