import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { forEachTarget } from '../app/targets.ts';
import { str } from '../flags/types.ts';
import { parseRestartPolicy } from '../run/limits.ts';
import { UPDATABLE_FLAGS } from '../run/resource-flags.ts';
import { updatableResources } from '../run/resources.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  args: { min: 1 },
  examples: [
    { command: 'pouch update -m 1g --memory-swap 2g db', does: 'give it more memory' },
    { command: 'pouch update --restart unless-stopped web', does: 'start it again from now on' },
  ],
  complete: 'container',
  flags: {
    ...UPDATABLE_FLAGS,
    restart: str('When to start it again: no, always, unless-stopped, on-failure[:max-retries]', {
      values: ['no', 'always', 'unless-stopped', 'on-failure'],
    }),
  },
  async run(context, flags, args, given) {
    if (given.size === 0) throw new UsageError('you must provide one or more flags when using this command');
    const config = {
      ...updatableResources(flags),
      ...(flags.restart && { RestartPolicy: parseRestartPolicy(flags.restart) }),
    };
    return await forEachTarget(context, args, async (id) => {
      const { Warnings } = await context.client.containers.update(id, config);
      for (const warning of Warnings ?? []) context.warn(`WARNING: ${warning}`);
    });
  },
});
