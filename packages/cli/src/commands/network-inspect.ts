import { command } from '../app/command.ts';
import { bool, format } from '../flags/types.ts';
import { inspectAll } from '../output/inspect.ts';

export default command({
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch network inspect bridge', does: 'everything about it' },
    { command: "pouch network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge", does: 'its subnets' },
  ],
  complete: 'network',
  flags: {
    format: format({ short: 'f', help: "Print with a Go template, or 'json'" }),
    verbose: bool('More, for diagnosis', { short: 'v' }),
  },
  async run(context, flags, args) {
    return await inspectAll(context, args, flags.format, (name) =>
      context.client.networks.inspect(name, { verbose: flags.verbose }),
    );
  },
});
