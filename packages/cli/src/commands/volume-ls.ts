import { command } from '../app/command.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { bool, filter, format } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';
import { printRows } from '../output/rows.ts';

const HEADERS = {
  Name: 'VOLUME NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Links: 'LINKS',
  Size: 'SIZE',
  Status: 'STATUS',
  Availability: 'AVAILABILITY',
  Group: 'GROUP',
};

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch volume ls', does: 'all of them' },
    { command: 'pouch volume ls -f dangling=true', does: 'those that no container uses' },
  ],
  complete: 'none',
  flags: {
    cluster: bool('Cluster volumes', { refused: 'Pouch has no cluster volumes' }),
    filter: filter('Only those that match: name=, driver=, label=, dangling=', { short: 'f' }),
    format: format(),
    quiet: bool('Print only names', { short: 'q' }),
  },
  async run(context, flags) {
    const { Volumes, Warnings } = await context.client.volumes.list(flags.filter);
    for (const warning of Warnings ?? []) context.warn(`WARNING: ${warning}`);
    const rows = (Volumes ?? [])
      .toSorted((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }))
      .map((volume) => {
        const usage = volume.UsageData;
        return {
          Name: volume.Name,
          Driver: volume.Driver,
          Scope: volume.Scope,
          Mountpoint: volume.Mountpoint,
          Labels: Object.entries(volume.Labels ?? {})
            .map(([name, value]) => `${name}=${value}`)
            .toSorted()
            .join(','),
          Label: (name: unknown) => volume.Labels?.[String(name)] ?? '',
          Links: usage ? String(usage.RefCount) : 'N/A',
          Size: usage && usage.Size >= 0 ? humanSize(usage.Size) : 'N/A',
          Status: 'N/A',
          Availability: 'N/A',
          Group: 'N/A',
        };
      });
    printRows(context, rows, {
      format: flags.format || (flags.quiet ? '' : (readConfigFile(context).volumesFormat ?? '')),
      table: '{{.Driver}}\t{{.Name}}',
      headers: HEADERS,
      only: flags.quiet ? 'Name' : undefined,
    });
  },
});
