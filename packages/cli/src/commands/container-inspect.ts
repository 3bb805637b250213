import { command } from '../app/command.ts';
import { bool, format } from '../flags/types.ts';
import { inspectAll } from '../output/inspect.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch container inspect web', does: 'everything about it' },
    { command: "pouch container inspect -f '{{.State.Status}}' web", does: 'one field' },
  ],
  complete: 'container',
  flags: {
    format: format({ short: 'f', help: "Print with a Go template, or 'json'" }),
    size: bool('Show what it takes on disk', { short: 's' }),
  },
  async run(context, flags, args) {
    return await inspectAll(context, args, flags.format, (name) =>
      context.client.containers.inspect(name, { size: flags.size }),
    );
  },
});
