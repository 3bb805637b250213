import { containersOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { formatTable } from '../../output/table.ts';

export default command({
  usage: '[SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose top', does: 'what runs in each container' }],
  flags: {},
  async run(context, _, services) {
    using session = await openSession(context, { title: 'Top', fromContainers: true, quiet: true, services });
    const running = (await containersOf(session, services)).filter(({ state }) => state === 'running');
    for (const container of running) {
      const { Titles: titles, Processes: processes } = await context.client.containers.top(container.id);
      context.print(container.name);
      context.stdout.write(formatTable([titles, ...(processes ?? [])]));
      context.print('');
    }
  },
});
