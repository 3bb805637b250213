import { command } from '../../app/command.ts';
import { CLIENT_VERSION } from '../../app/version.ts';
import { bool, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [{ command: 'pouch compose version --short', does: 'only the number' }],
  flags: {
    format: str('pretty or json', { short: 'f', values: ['pretty', 'json'] }),
    short: bool('Print only the number'),
  },
  async run(context, flags) {
    if (flags.short) context.print(CLIENT_VERSION);
    else if (flags.format === 'json') context.print(JSON.stringify({ version: CLIENT_VERSION }));
    else context.print(`Pouch Compose version ${CLIENT_VERSION}`);
  },
});
