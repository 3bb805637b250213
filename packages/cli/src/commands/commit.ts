import { command } from '../app/command.ts';
import { bool, list, str } from '../flags/types.ts';
import { parseReference } from '../image/reference.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  args: { min: 1, max: 2 },
  examples: [
    { command: 'pouch commit web web:fixed', does: 'what it is now, as an image' },
    { command: 'pouch commit -c \'CMD ["sh"]\' web web:debug', does: 'with another command' },
  ],
  complete: ['container', 'image'],
  flags: {
    author: str('Who made it: "Name <address>"', { short: 'a' }),
    change: list('Dockerfile instruction to apply: CMD, ENV, EXPOSE, …', { short: 'c' }),
    message: str('What was changed', { short: 'm' }),
    pause: bool('Freeze the container meanwhile', { short: 'p', default: true }),
  },
  async run(context, flags, [container = '', target = '']) {
    const { name, tag } = parseReference(target);
    const image = await context.client.images.commit(container, {
      ...(name && { repo: name }),
      ...(tag && { tag }),
      comment: flags.message,
      author: flags.author,
      changes: flags.change,
      pause: flags.pause,
    });
    context.print(image.Id);
  },
});
