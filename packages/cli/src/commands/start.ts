import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { forEachTarget } from '../app/targets.ts';
import { bool, str } from '../flags/types.ts';
import { startAttached } from '../run/start-attached.ts';
import { detachKeysOf } from '../stream/detach-setting.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch start web db', does: 'start both' },
    { command: 'pouch start -ai shell', does: 'start it and be in it' },
  ],
  complete: 'stopped-container',
  flags: {
    attach: bool('Show its output, pass signals on, and end with its exit code', { short: 'a' }),
    'detach-keys': str('Keys that leave it running and bring you back (default "ctrl-p,ctrl-q")'),
    interactive: bool('Send it your input', { short: 'i' }),
    checkpoint: str('Go on from this checkpoint'),
    'checkpoint-dir': str('Directory that it is in', { complete: 'file' }),
  },
  async run(context, flags, args) {
    const [id = ''] = args;
    if (!flags.attach && !flags.interactive) {
      const { checkpoint, 'checkpoint-dir': dir } = flags;
      const from = checkpoint ? { checkpoint, ...(dir && { checkpointDir: dir }) } : {};
      return await forEachTarget(context, args, (name) => context.client.containers.start(name, from));
    }
    if (flags.checkpoint) throw new UsageError('a checkpoint cannot be started with --attach or --interactive');
    if (args.length > 1) throw new UsageError('you cannot start and attach multiple containers at once');
    return await startAttached(context, id, {
      stdin: flags.interactive,
      output: flags.attach || flags.interactive,
      detachKeys: detachKeysOf(context, flags['detach-keys']).bytes,
      detachKeysText: flags['detach-keys'],
      signalProxy: flags.attach,
    });
  },
});
