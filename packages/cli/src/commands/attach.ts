import { command } from '../app/command.ts';
import { bool, str } from '../flags/types.ts';
import { attachRunning } from '../run/attach-running.ts';
import { detachKeysOf } from '../stream/detach-setting.ts';

export default command({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch attach shell', does: 'its terminal as yours; ctrl-p ctrl-q leaves it' },
    { command: 'pouch attach --no-stdin web', does: 'only watch' },
  ],
  complete: 'running-container',
  flags: {
    'detach-keys': str('Keys that leave it running and bring you back (default "ctrl-p,ctrl-q")'),
    'no-stdin': bool('Do not send your input'),
    'sig-proxy': bool('Pass signals on to the process', { default: true }),
  },
  async run(context, flags, [id = '']) {
    return await attachRunning(context, id, {
      stdin: !flags['no-stdin'],
      output: true,
      detachKeys: detachKeysOf(context, flags['detach-keys']).bytes,
      detachKeysText: flags['detach-keys'],
      signalProxy: flags['sig-proxy'],
    });
  },
});
