import { command } from '../app/command.ts';

/** By FilesystemChange.Kind. */
const KINDS = ['C', 'A', 'D'];

export default command({
  usage: 'CONTAINER',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch diff web', does: 'A added, C changed, D deleted' },
    { command: 'pouch diff web | grep ^A', does: 'only new files' },
  ],
  complete: 'container',
  flags: {},
  async run(context, _flags, [id = '']) {
    const changes = (await context.client.containers.changes(id)) ?? [];
    context.stdout.write(changes.map((change) => `${KINDS[change.Kind] ?? '?'} ${change.Path}\n`).join(''));
  },
});
