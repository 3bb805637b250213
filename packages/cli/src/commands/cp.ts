import { command } from '../app/command.ts';
import { ExitError } from '../app/errors.ts';
import { copyIn } from '../cp/copy-in.ts';
import { copyOut } from '../cp/copy-out.ts';
import { splitCopyArgument } from '../cp/paths.ts';
import { bool } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: ['[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-', '[OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH'],
  args: { min: 2, max: 2 },
  description: "'-' reads a tar archive from standard input, or writes one to standard output.",
  examples: [
    { command: 'pouch cp web:/etc/nginx/nginx.conf .', does: 'a file to here' },
    { command: 'pouch cp ./site/. web:/usr/share/nginx/html', does: 'what is in a directory to there' },
  ],
  complete: ['container', 'file'],
  flags: {
    archive: bool('Keep owner and group', { short: 'a' }),
    'follow-link': bool('Copy what a symbolic link names', { short: 'L' }),
    quiet: bool('Do not say how much was copied', { short: 'q' }),
  },
  async run(context, flags, [from = '', to = '']) {
    const source = splitCopyArgument(from);
    const target = splitCopyArgument(to);
    const options = { archive: flags.archive, followLink: flags['follow-link'] };
    if (source.container && target.container) throw new ExitError(1, 'copying between containers is not supported');
    if (!source.container && !target.container) throw new ExitError(1, 'must specify at least one container source');
    if (source.path === '' || target.path === '') throw new ExitError(1, 'source and destination must not be empty');
    const bytes = source.container
      ? await copyOut(context, source.container, source.path, target.path, options)
      : await copyIn(context, source.path, target.container, target.path, options);
    if (!flags.quiet && from !== '-' && to !== '-' && context.stderr.isTerminal) {
      context.warn(`Successfully copied ${humanSize(bytes)} to ${to}`);
    }
  },
});
