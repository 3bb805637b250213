import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { int, list, str, strings } from '../flags/types.ts';
import { optionMap } from '../run/names.ts';

export default command({
  usage: '[OPTIONS] NETWORK CONTAINER',
  args: { min: 2, max: 2 },
  examples: [
    { command: 'pouch network connect backend web', does: 'while it runs' },
    { command: 'pouch network connect --alias db --ip 10.9.0.7 backend postgres', does: 'with a name and an address' },
  ],
  complete: ['network', 'container'],
  flags: {
    alias: strings('Another name for it in the network'),
    'driver-opt': strings('Option of the driver: NAME=value'),
    'gw-priority': int('The network with the highest number gives the default route'),
    ip: str('IPv4 address'),
    ip6: str('IPv6 address'),
    link: list('Another container to be known here: NAME[:ALIAS]', { complete: 'container' }),
    'link-local-ip': strings('Link-local address'),
  },
  async run(context, flags, [network = '', container = '']) {
    let driverOptions: Record<string, string>;
    try {
      driverOptions = optionMap('driver-opt', flags['driver-opt']);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
    await context.client.networks.connect(network, container, {
      IPAMConfig: {
        ...(flags.ip && { IPv4Address: flags.ip }),
        ...(flags.ip6 && { IPv6Address: flags.ip6 }),
        ...(flags['link-local-ip'].length > 0 && { LinkLocalIPs: [...flags['link-local-ip']] }),
      },
      Links: [...flags.link],
      Aliases: [...flags.alias],
      DriverOpts: driverOptions,
      GwPriority: flags['gw-priority'],
    });
  },
});
