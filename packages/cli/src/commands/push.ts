import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { credentialsFor } from '../auth/credentials.ts';
import { bool, str } from '../flags/types.ts';
import { familiarName, parseReference } from '../image/reference.ts';
import { showProgress } from '../output/progress.ts';

export default command({
  usage: '[OPTIONS] NAME[:TAG]',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch push registry.local:5000/app:1.2', does: 'one tag' },
    { command: 'pouch push -a registry.local:5000/app', does: 'every tag that is here' },
  ],
  complete: 'image',
  flags: {
    'all-tags': bool('Every tag of the repository', { short: 'a' }),
    'disable-content-trust': bool('Accepted for compatibility', { default: true, hidden: true }),
    platform: str('Only this platform of the image: os[/arch[/variant]]'),
    quiet: bool('Print no progress', { short: 'q' }),
  },
  async run(context, flags, [image = '']) {
    const allTags = flags['all-tags'];
    const given = parseReference(image);
    if (allTags && given.tag) throw new UsageError("tag can't be used with --all-tags/-a");
    if (!allTags && !given.tag && !flags.quiet) context.print('Using default tag: latest');
    const { name, tag } = allTags ? given : parseReference(familiarName(image));
    const auth = await credentialsFor(context, image);
    const [os = '', architecture = '', variant] = flags.platform.split('/');
    const stream = await context.client.images.push(name, tag, {
      ...(auth && { auth }),
      ...(flags.platform && { platform: JSON.stringify({ os, architecture, ...(variant && { variant }) }) }),
    });
    await showProgress(stream, flags.quiet ? undefined : context.stdout);
    if (flags.quiet) context.print(tag ? `${name}:${tag}` : name);
  },
});
