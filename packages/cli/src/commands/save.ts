import { command } from '../app/command.ts';
import { str } from '../flags/types.ts';
import { writeArchive } from '../output/archive.ts';

export default command({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch save -o app.tar app:1.2', does: 'to a file' },
    { command: 'pouch save app | ssh other pouch load', does: 'to another machine' },
  ],
  complete: 'image',
  flags: {
    output: str('Write to this file', { short: 'o', complete: 'file' }),
    platform: str('Only this platform of the image: os[/arch[/variant]]'),
  },
  async run(context, flags, args) {
    const [os = '', architecture = '', variant] = flags.platform.split('/');
    const platform = flags.platform ? JSON.stringify({ os, architecture, ...(variant && { variant }) }) : undefined;
    await writeArchive(context, flags.output, async () => (await context.client.images.save(args, platform)).body);
  },
});
