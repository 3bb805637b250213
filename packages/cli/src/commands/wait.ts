import { command } from '../app/command.ts';
import { forEachTarget } from '../app/targets.ts';

export default command({
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch wait job', does: 'wait, then print its exit code' },
    { command: 'pouch wait $(pouch ps -q)', does: 'wait for all that run' },
  ],
  complete: 'running-container',
  flags: {},
  async run(context, _flags, args) {
    return await forEachTarget(context, args, async (id) => {
      const result = await context.client.containers.wait(id, 'not-running').result;
      if (result.Error) throw new Error(result.Error.Message);
      return String(result.StatusCode);
    });
  },
});
