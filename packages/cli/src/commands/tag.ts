import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { parseReference } from '../image/reference.ts';

export default command({
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: { min: 2, max: 2 },
  examples: [
    { command: 'pouch tag app registry.local:5000/app:1.2', does: 'so that it can be pushed there' },
    { command: 'pouch tag 3f2a1b app:old', does: 'name an image by its id' },
  ],
  complete: 'image',
  flags: {},
  async run(context, _flags, [source = '', target = '']) {
    const { name, tag, digest } = parseReference(target);
    if (digest) throw new UsageError('refusing to create a tag with a digest reference');
    await context.client.images.tag(source, name, tag);
  },
});
