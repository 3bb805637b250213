import { command } from '../app/command.ts';
import { ExitError, UsageError } from '../app/errors.ts';
import { bool, list, str } from '../flags/types.ts';
import { readEnvironment } from '../run/environment.ts';
import { execAttached } from '../run/exec-attached.ts';
import { detachKeysOf } from '../stream/detach-setting.ts';
import { stdinIsTerminal, terminalSize } from '../stream/terminal.ts';

export default command({
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  args: { min: 2 },
  interspersed: false,
  examples: [
    { command: 'pouch exec -it web sh', does: 'a shell inside' },
    { command: 'pouch exec -u postgres -w /tmp db psql -l', does: 'a command as another user' },
  ],
  complete: ['running-container', 'none'],
  flags: {
    detach: bool('Leave it in the background', { short: 'd' }),
    'detach-keys': str('Keys that leave it running and bring you back (default "ctrl-p,ctrl-q")'),
    env: list('Set a variable: NAME=value, or NAME to pass yours on', { short: 'e' }),
    'env-file': list('Read variables from a file', { complete: 'file' }),
    interactive: bool('Send it your input', { short: 'i' }),
    privileged: bool('Give it every capability that the daemon has'),
    tty: bool('Give it a terminal', { short: 't' }),
    user: str('User to run as: name or uid, with :group or :gid', { short: 'u' }),
    workdir: str('Directory to start in', { short: 'w' }),
  },
  async run(context, flags, [id = '', ...words]) {
    let environment: string[];
    try {
      environment = readEnvironment(flags['env-file'], flags.env);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    if (!flags.detach && flags.interactive && flags.tty && !stdinIsTerminal()) {
      throw new ExitError(1, 'the input device is not a TTY');
    }
    const size = flags.tty ? terminalSize() : undefined;
    const consoleSize = size && { ConsoleSize: [size.rows, size.columns] as [number, number] };
    const exec = await context.client.execs.create(id, {
      User: flags.user,
      Privileged: flags.privileged,
      Tty: flags.tty,
      AttachStdin: flags.interactive && !flags.detach,
      AttachStdout: !flags.detach,
      AttachStderr: !flags.detach,
      Detach: flags.detach,
      DetachKeys: flags['detach-keys'],
      Env: environment,
      WorkingDir: flags.workdir,
      Cmd: words,
      ...consoleSize,
    });
    if (flags.detach) {
      await context.client.execs.startDetached(exec, { Tty: flags.tty, ...consoleSize });
      return 0;
    }
    return await execAttached(context, exec, {
      stdin: flags.interactive,
      tty: flags.tty,
      detachKeys: detachKeysOf(context, flags['detach-keys']).bytes,
      ...(consoleSize && { consoleSize: consoleSize.ConsoleSize }),
    });
  },
});
