import { containerOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, int, str } from '../../flags/types.ts';
import { attachRunning } from '../../run/attach-running.ts';
import { detachKeysOf } from '../../stream/detach-setting.ts';

export default command({
  usage: '[OPTIONS] SERVICE',
  args: { min: 1, max: 1 },
  examples: [{ command: 'pouch compose attach --no-stdin web', does: 'watch what its process writes from now on' }],
  flags: {
    'detach-keys': str('Keys that leave it running and bring you back (default "ctrl-p,ctrl-q")'),
    index: int('The container with this number'),
    'no-stdin': bool('Do not send it your input'),
    'sig-proxy': bool('Pass signals on to the process', { default: true }),
  },
  async run(context, flags, [service = '']) {
    using session = await openSession(context, {
      title: 'Attach',
      fromContainers: true,
      quiet: true,
      keepInterrupts: true,
    });
    const { id } = await containerOf(session, service, flags.index);
    return await attachRunning(context, id, {
      stdin: !flags['no-stdin'],
      output: true,
      detachKeys: detachKeysOf(context, flags['detach-keys']).bytes,
      detachKeysText: flags['detach-keys'],
      signalProxy: flags['sig-proxy'],
    });
  },
});
