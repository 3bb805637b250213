import { containerOf, containersOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { ExitError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { copyIn } from '../../cp/copy-in.ts';
import { copyOut } from '../../cp/copy-out.ts';
import { splitCopyArgument } from '../../cp/paths.ts';
import { bool, int } from '../../flags/types.ts';

export default command({
  usage: ['[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-', '[OPTIONS] SRC_PATH|- SERVICE:DEST_PATH'],
  args: { min: 2, max: 2 },
  description: 'To a service, it copies to each of its containers, unless --index names one.',
  examples: [{ command: 'pouch compose cp ./site/. web:/var/www', does: 'a directory to every container of web' }],
  complete: 'file',
  flags: {
    all: bool('Accepted for compatibility: copies go to all containers', { hidden: true }),
    archive: bool('Keep owner and group', { short: 'a' }),
    'follow-link': bool('Copy what a symbolic link names', { short: 'L' }),
    index: int('The container with this number'),
  },
  async run(context, flags, [from = '', to = '']) {
    const source = splitCopyArgument(from);
    const target = splitCopyArgument(to);
    const options = { archive: flags.archive, followLink: flags['follow-link'] };
    if (source.container && target.container) throw new ExitError(1, 'copying between services is not supported');
    if (!source.container && !target.container)
      throw new ExitError(1, 'unknown copy direction: one side is SERVICE:PATH');
    using session = await openSession(context, { title: 'Copying', fromContainers: true, quiet: true });
    if (source.container) {
      const { id } = await containerOf(session, source.container, flags.index);
      await copyOut(context, id, source.path, target.path, options);
      return;
    }
    const containers =
      flags.index > 0
        ? [await containerOf(session, target.container, flags.index)]
        : await containersOf(session, [target.container]);
    if (containers.length === 0) throw new ExitError(1, `no container found for service "${target.container}"`);
    for (const { id } of containers) await copyIn(context, source.path, id, target.path, options);
  },
});
