import { containersOf, down } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { ExitError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] SERVICE [SERVICE...]',
  args: { min: 1 },
  description: 'The exit code is that of the first container that ends with another one than 0.',
  examples: [{ command: 'pouch compose wait --down-project tests', does: 'wait for the tests, then take all down' }],
  flags: { 'down-project': bool('Take the project down when the first container ends') },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Waiting', services, fromContainers: true, quiet: true });
    const containers = await containersOf(session, services);
    if (containers.length === 0) throw new ExitError(1, 'no containers for project services');
    let code = 0;
    const waits = containers.map(async ({ id, name }) => {
      const { StatusCode: status } = await context.client.containers.wait(id, 'not-running', session.signal).result;
      context.print(`container "${name}" exited with status code ${status}`);
      code ||= status;
    });
    await (flags['down-project'] ? Promise.race(waits) : Promise.all(waits));
    if (flags['down-project']) {
      for (const wait of waits) wait.catch(() => {});
      await down(session, { services: [], volumes: false, removeOrphans: false });
    }
    return code;
  },
});
