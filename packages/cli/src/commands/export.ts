import { command } from '../app/command.ts';
import { str } from '../flags/types.ts';
import { writeArchive } from '../output/archive.ts';

export default command({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch export -o web.tar web', does: 'to a file' },
    { command: 'pouch export web | tar t', does: 'list its files' },
  ],
  complete: 'container',
  flags: {
    output: str('Write to this file', { short: 'o', complete: 'file' }),
  },
  async run(context, flags, [id = '']) {
    await writeArchive(context, flags.output, async () => (await context.client.containers.export(id)).body);
  },
});
