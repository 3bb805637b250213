import { containerOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, int, list, str } from '../../flags/types.ts';
import { readEnvironment } from '../../run/environment.ts';
import { execAttached } from '../../run/exec-attached.ts';
import { detachKeysOf } from '../../stream/detach-setting.ts';
import { stdinIsTerminal, terminalSize } from '../../stream/terminal.ts';

export default command({
  usage: '[OPTIONS] SERVICE COMMAND [ARG...]',
  args: { min: 2 },
  interspersed: false,
  description: 'It gets a terminal where this is one; -T leaves it out.',
  examples: [{ command: 'pouch compose exec db psql -U postgres', does: 'a shell of the database' }],
  flags: {
    detach: bool('Leave it in the background', { short: 'd' }),
    env: list('Set a variable: NAME=value, or NAME to pass yours on', { short: 'e' }),
    index: int('The container with this number'),
    interactive: bool('Send it your input', { short: 'i', default: true, hidden: true }),
    'no-tty': bool('Give it no terminal', { short: 'T' }),
    privileged: bool('Give it every capability that the daemon has'),
    tty: bool('Give it a terminal', { short: 't', default: true, hidden: true }),
    user: str('User to run as', { short: 'u' }),
    workdir: str('Directory to start in', { short: 'w' }),
  },
  async run(context, flags, [service = '', ...words]) {
    using session = await openSession(context, {
      title: 'Exec',
      fromContainers: true,
      quiet: true,
      keepInterrupts: true,
    });
    const container = await containerOf(session, service, flags.index);
    const tty = flags.tty && !flags['no-tty'] && !flags.detach && stdinIsTerminal() && context.stdout.isTerminal;
    const size = tty ? terminalSize() : undefined;
    const consoleSize = size && { ConsoleSize: [size.rows, size.columns] as [number, number] };
    const { execs } = context.client;
    const exec = await execs.create(container.id, {
      User: flags.user,
      Privileged: flags.privileged,
      Tty: tty,
      AttachStdin: flags.interactive && !flags.detach,
      AttachStdout: !flags.detach,
      AttachStderr: !flags.detach,
      Env: readEnvironment([], flags.env),
      WorkingDir: flags.workdir,
      Cmd: words,
      ...consoleSize,
    });
    if (flags.detach) {
      await execs.startDetached(exec, { Tty: false });
      return 0;
    }
    return await execAttached(context, exec, {
      stdin: flags.interactive,
      tty,
      detachKeys: detachKeysOf(context, '').bytes,
      ...(consoleSize && { consoleSize: consoleSize.ConsoleSize }),
    });
  },
});
