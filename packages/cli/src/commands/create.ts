import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { containerConfig } from '../run/container-config.ts';
import { CONTAINER_FLAGS } from '../run/container-flags.ts';
import { createContainer } from '../run/create-container.ts';

export default command({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  interspersed: false,
  examples: [
    { command: 'pouch create --name db -e PASSWORD=x postgres', does: 'make it now' },
    { command: 'pouch start -a db', does: 'start it later, and watch it' },
  ],
  complete: ['image', 'none'],
  flags: CONTAINER_FLAGS,
  async run(context, flags, args, given) {
    const [image = '', ...words] = args;
    let config: ReturnType<typeof containerConfig>;
    try {
      config = containerConfig(flags, given, image, words);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    context.print(await createContainer(context, config, flags));
  },
});
