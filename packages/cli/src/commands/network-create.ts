import { isIP } from 'node:net';
import type { IPAMConfig } from '@pouch/api';
import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { bool, list, map, str, strings } from '../flags/types.ts';
import { readLabels } from '../run/environment.ts';
import { containsAddress } from '../run/subnet.ts';

export default command({
  usage: '[OPTIONS] NETWORK',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch network create backend', does: 'a bridge on which containers find each other by name' },
    {
      command: 'pouch network create --subnet 10.9.0.0/24 --gateway 10.9.0.1 --internal db',
      does: 'without a way out',
    },
  ],
  complete: 'none',
  flags: {
    attachable: bool('Accepted for compatibility'),
    'aux-address': map('Address that no container gets: NAME=ADDRESS'),
    'config-from': str('Take the settings of this configuration network', { complete: 'network' }),
    'config-only': bool('Only keep the settings, for --config-from'),
    driver: str('Driver: bridge or macvlan', { short: 'd', default: 'bridge', values: ['bridge', 'macvlan'] }),
    gateway: strings('Gateway of the subnet'),
    ingress: bool('Swarm routing mesh', { refused: 'Pouch has no swarm' }),
    internal: bool('No way out of it'),
    'ip-range': strings('Part of the subnet from which containers get addresses'),
    'ipam-driver': str('Driver that gives out addresses', { default: 'default' }),
    'ipam-opt': map('Option of that driver'),
    ipv4: bool('Give containers IPv4 addresses', { default: true }),
    ipv6: bool('Give containers IPv6 addresses'),
    label: list('Label: NAME=value'),
    opt: map('Option of the driver', { short: 'o' }),
    scope: str('Scope of the network'),
    subnet: strings('Subnet: 10.9.0.0/24'),
  },
  async run(context, flags, [name = ''], given) {
    const config = ipamConfig(flags.subnet, flags['ip-range'], flags.gateway, flags['aux-address']);
    const created = await context.client.networks.create({
      Name: name,
      Driver: flags.driver,
      Scope: flags.scope,
      Internal: flags.internal,
      Attachable: flags.attachable,
      ConfigOnly: flags['config-only'],
      IPAM: { Driver: flags['ipam-driver'], Options: { ...flags['ipam-opt'] }, Config: config },
      Options: { ...flags.opt },
      Labels: readLabels([], flags.label),
      ...(flags['config-from'] && { ConfigFrom: { Network: flags['config-from'] } }),
      ...(given.has('ipv4') && { EnableIPv4: flags.ipv4 }),
      ...(given.has('ipv6') && { EnableIPv6: flags.ipv6 }),
    });
    if (created.Warning) context.warn(`WARNING: ${created.Warning}`);
    context.print(created.Id);
  },
});

/** Every range, gateway and address goes with the subnet that holds it. */
function ipamConfig(
  subnets: readonly string[],
  ranges: readonly string[],
  gateways: readonly string[],
  reserved: Readonly<Record<string, string>>,
): IPAMConfig[] {
  if (subnets.length === 0 && (ranges.length > 0 || gateways.length > 0)) {
    throw new UsageError('every ip-range or gateway must have a corresponding subnet');
  }
  const configs: IPAMConfig[] = subnets.map((subnet) => ({ Subnet: subnet }));
  const holder = (address: string, what: string): IPAMConfig => {
    const found = configs.find((config) => containsAddress(config.Subnet ?? '', address.replace(/\/\d+$/, '')));
    if (!found) throw new UsageError(`no matching subnet for ${what} ${address}`);
    return found;
  };
  for (const range of ranges) {
    const config = holder(range, 'range');
    if (config.IPRange)
      throw new UsageError(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      );
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    if (isIP(gateway) === 0) throw new UsageError(`invalid gateway address: ${gateway}`);
    const config = holder(gateway, 'gateway');
    if (config.Gateway)
      throw new UsageError(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      );
    config.Gateway = gateway;
  }
  for (const [key, address] of Object.entries(reserved)) {
    const config = holder(address, 'aux-address');
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [key]: address };
  }
  return configs;
}
