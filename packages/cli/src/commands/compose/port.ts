import { containerOf } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { ExitError, UsageError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { int, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] SERVICE PRIVATE_PORT',
  args: { min: 2, max: 2 },
  examples: [{ command: 'pouch compose port web 80', does: 'address and port at which it is published' }],
  flags: {
    index: int('The container with this number'),
    protocol: str('tcp or udp', { values: ['tcp', 'udp', 'sctp'], default: 'tcp' }),
  },
  async run(context, flags, [service = '', port = '']) {
    if (!/^\d{1,5}$/.test(port)) throw new UsageError(`invalid port: ${port}`);
    using session = await openSession(context, { title: 'Port', fromContainers: true, quiet: true });
    const container = await containerOf(session, service, flags.index);
    const found = container.summary.Ports.find(
      ({ PrivatePort, Type, PublicPort }) => PrivatePort === Number(port) && Type === flags.protocol && PublicPort,
    );
    if (!found) throw new ExitError(1, `no port ${port}/${flags.protocol} for container ${container.name}`);
    const address = found.IP ?? '';
    context.print(`${address.includes(':') ? `[${address}]` : address}:${found.PublicPort}`);
  },
});
