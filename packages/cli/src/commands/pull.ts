import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { bool, str } from '../flags/types.ts';
import { pullImage } from '../image/pull.ts';
import { DOCKER_HUB, familiarName, parseReference, registryOf } from '../image/reference.ts';

export default command({
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch pull alpine:3.20', does: 'from Docker Hub' },
    {
      command: 'pouch pull --platform linux/arm64 registry.local:5000/app',
      does: 'from a registry of yours, for another machine',
    },
  ],
  complete: 'none',
  flags: {
    'all-tags': bool('Every tag of the repository', { short: 'a' }),
    'disable-content-trust': bool('Accepted for compatibility', { default: true, hidden: true }),
    platform: str('Platform of the image: os[/arch[/variant]]'),
    quiet: bool('Print no progress', { short: 'q' }),
  },
  async run(context, flags, [image = '']) {
    const { tag, digest } = parseReference(image);
    const allTags = flags['all-tags'];
    if (allTags && (tag || digest)) throw new UsageError("tag can't be used with --all-tags/-a");
    if (!flags.quiet && !allTags && !tag && !digest) context.print('Using default tag: latest');
    await pullImage(context, image, { platform: flags.platform, quiet: flags.quiet, allTags, output: context.stdout });
    context.print(fullName(allTags ? image : familiarName(image)));
  },
});

/** With the registry, as Docker prints it at the end. */
function fullName(image: string): string {
  if (registryOf(image) !== DOCKER_HUB) return image;
  const rest = image.replace(/^(index\.)?docker\.io\//, '');
  return `docker.io/${rest.includes('/') ? '' : 'library/'}${rest}`;
}
