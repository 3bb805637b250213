import { command } from '../app/command.ts';
import { describeError, ExitError } from '../app/errors.ts';
import { bool, str } from '../flags/types.ts';
import { containerConfig } from '../run/container-config.ts';
import { CONTAINER_FLAGS } from '../run/container-flags.ts';
import { createContainer } from '../run/create-container.ts';
import { runAttached, startError } from '../run/run-container.ts';
import { detachKeysOf } from '../stream/detach-setting.ts';
import { stdinIsTerminal, terminalSize } from '../stream/terminal.ts';

const PULL_POLICIES = ['always', 'missing', 'never'];

export default command({
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  args: { min: 1 },
  interspersed: false,
  description:
    'The exit code is that of the process inside; 125 when the container could not be made, 126 when the command cannot be executed, 127 when there is no such command.',
  examples: [
    { command: 'pouch run --rm -it alpine sh', does: 'a shell in a fresh container that is gone when you leave' },
    { command: 'pouch run -d --name web -p 8080:80 nginx', does: 'a web server in the background, on port 8080 here' },
    {
      command: 'pouch run --rm -m 256m --cpus 0.5 -v $PWD:/src alpine ls /src',
      does: 'this directory inside, with limits',
    },
  ],
  complete: ['image', 'none'],
  flags: {
    ...CONTAINER_FLAGS,
    detach: bool('Leave it in the background and print its id', { short: 'd', group: 'Process' }),
    'detach-keys': str('Keys that leave it running and bring you back (default "ctrl-p,ctrl-q")', { group: 'Process' }),
    'sig-proxy': bool('Pass signals on to the process', { default: true, group: 'Process' }),
  },
  async run(context, flags, args, given) {
    const [image = '', ...words] = args;
    const config = refuse(() => {
      if (!PULL_POLICIES.includes(flags.pull)) {
        throw new Error(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
      }
      return containerConfig(flags, given, image, words);
    });
    if (flags.detach && given.has('attach')) {
      throw new ExitError(125, 'pouch: conflicting options: cannot specify both --attach and --detach');
    }
    if (!flags.detach && config.AttachStdin && flags.tty && !stdinIsTerminal()) {
      throw new ExitError(1, 'the input device is not a TTY');
    }
    if (flags.detach) {
      Object.assign(config, { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false });
    }
    const size = flags.tty ? terminalSize() : undefined;
    if (size && config.HostConfig) config.HostConfig.ConsoleSize = [size.rows, size.columns];
    const id = await createContainer(context, config, flags).catch((error: unknown) => {
      throw failed(error);
    });
    if (flags.detach) {
      try {
        await context.client.containers.start(id);
      } catch (error) {
        throw startError(error);
      }
      context.print(id);
      return 0;
    }
    const keys = detachKeysOf(context, flags['detach-keys']);
    return await runAttached(context, id, {
      config,
      detachKeys: keys.bytes,
      detachKeysText: flags['detach-keys'],
      signalProxy: flags['sig-proxy'],
    });
  },
});

function refuse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failed(error);
  }
}

function failed(error: unknown): ExitError {
  if (error instanceof ExitError) return error;
  return new ExitError(125, `pouch: ${describeError(error)}\n\nRun 'pouch run --help' for more information`);
}
