import { command } from '../app/command.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { bool, filter, format } from '../flags/types.ts';
import { listTime, shortenId } from '../output/human.ts';
import { printRows } from '../output/rows.ts';

const HEADERS = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
};

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch network ls', does: 'all of them' },
    { command: 'pouch network ls -f driver=bridge -q', does: 'the ids of some' },
  ],
  complete: 'none',
  flags: {
    filter: filter('Only those that match: name=, driver=, label=, dangling=, …', { short: 'f' }),
    format: format(),
    'no-trunc': bool('Print ids whole'),
    quiet: bool('Print only ids', { short: 'q' }),
  },
  async run(context, flags) {
    const networks = await context.client.networks.list(flags.filter);
    const rows = networks
      .toSorted((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }))
      .map((network) => ({
        ID: flags['no-trunc'] ? network.Id : shortenId(network.Id),
        Name: network.Name,
        Driver: network.Driver,
        Scope: network.Scope,
        IPv4: String(network.EnableIPv4),
        IPv6: String(network.EnableIPv6),
        Internal: String(network.Internal),
        Labels: labelText(network.Labels),
        Label: (name: unknown) => network.Labels?.[String(name)] ?? '',
        CreatedAt: listTime(Date.parse(network.Created)),
      }));
    printRows(context, rows, {
      format: flags.format || (flags.quiet ? '' : (readConfigFile(context).networksFormat ?? '')),
      table: '{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}',
      headers: HEADERS,
      only: flags.quiet ? 'ID' : undefined,
    });
  },
});

function labelText(labels: Readonly<Record<string, string>> | null): string {
  return Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',');
}
