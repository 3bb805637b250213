import { command } from '../app/command.ts';
import { format } from '../flags/types.ts';
import { inspectAll } from '../output/inspect.ts';

export default command({
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch volume inspect data', does: 'everything about it' },
    { command: "pouch volume inspect -f '{{.Mountpoint}}' data", does: 'where it is' },
  ],
  complete: 'volume',
  flags: {
    format: format({ short: 'f', help: "Print with a Go template, or 'json'" }),
  },
  async run(context, flags, args) {
    return await inspectAll(context, args, flags.format, (name) => context.client.volumes.inspect(name));
  },
});
