import { command } from '../app/command.ts';
import { eraseCredentials } from '../auth/credentials.ts';
import { serverName } from './login.ts';

export default command({
  usage: '[SERVER]',
  args: { min: 0, max: 1 },
  examples: [
    { command: 'pouch logout', does: 'from Docker Hub' },
    { command: 'pouch logout registry.local:5000', does: 'from another registry' },
  ],
  complete: 'none',
  flags: {},
  async run(context, _flags, [given]) {
    const server = serverName(given);
    const known = await eraseCredentials(context, server);
    context.print(known ? `Removing login credentials for ${server}` : `Not logged in to ${server}`);
  },
});
