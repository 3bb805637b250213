import { isErrorCode } from '@pouch/base';
import { command } from '../app/command.ts';
import { describeError } from '../app/errors.ts';
import { bool, strings } from '../flags/types.ts';

export default command({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch rmi app:old', does: 'a name; the image goes with its last one' },
    { command: 'pouch rmi -f 3f2a1b', does: 'all its names, even if a stopped container has it' },
  ],
  complete: 'image',
  flags: {
    force: bool('Also when it has several names or a stopped container', { short: 'f' }),
    'no-prune': bool('Keep its untagged parents'),
    platform: strings('Only this platform of the image: os[/arch[/variant]]'),
  },
  async run(context, flags, args) {
    let exitCode = 0;
    for (const image of args) {
      try {
        const removed = await context.client.images.remove(image, {
          force: flags.force,
          noprune: flags['no-prune'],
          ...(flags.platform.length > 0 && { platforms: flags.platform.map(platformJson) }),
        });
        for (const item of removed)
          context.print(item.Deleted ? `Deleted: ${item.Deleted}` : `Untagged: ${item.Untagged}`);
      } catch (error) {
        context.warn(describeError(error));
        if (!flags.force || !isErrorCode(error, 'not-found')) exitCode = 1;
      }
    }
    return exitCode;
  },
});

function platformJson(text: string): string {
  const [os = '', architecture = '', variant] = text.split('/');
  return JSON.stringify({ os, architecture, ...(variant && { variant }) });
}
