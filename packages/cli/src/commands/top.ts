import { command } from '../app/command.ts';
import { formatTable } from '../output/table.ts';

export default command({
  usage: 'CONTAINER [ps OPTIONS]',
  args: { min: 1 },
  interspersed: false,
  examples: [
    { command: 'pouch top web', does: 'its processes, with the ids of this machine' },
    { command: 'pouch top web -o pid,cmd', does: 'other columns' },
  ],
  complete: ['running-container', 'none'],
  flags: {},
  async run(context, _flags, [id = '', ...options]) {
    const processes = await context.client.containers.top(id, options.join(' '));
    context.stdout.write(formatTable([processes.Titles, ...(processes.Processes ?? [])]));
  },
});
