import { command } from '../app/command.ts';
import { format, str } from '../flags/types.ts';
import { inspectAll } from '../output/inspect.ts';

export default command({
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch image inspect nginx', does: 'everything about it' },
    { command: "pouch image inspect -f '{{json .Config.Env}}' nginx", does: 'one field' },
  ],
  complete: 'image',
  flags: {
    format: format({ short: 'f', help: "Print with a Go template, or 'json'" }),
    platform: str('Platform of the image: os[/arch[/variant]]'),
  },
  async run(context, flags, args) {
    return await inspectAll(context, args, flags.format, (name) =>
      context.client.images.inspect(name, flags.platform || undefined),
    );
  },
});
