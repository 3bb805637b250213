import type { SystemDataUsage } from '@pouch/api';
import { command } from '../app/command.ts';
import { bool, format } from '../flags/types.ts';
import { ago, ellipsis, humanSize, shortenId } from '../output/human.ts';
import { printRows } from '../output/rows.ts';
import { formatTable } from '../output/table.ts';

const HEADERS = { Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' };

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch system df', does: 'the sums' },
    { command: 'pouch system df -v', does: 'every image, container and volume' },
  ],
  complete: 'none',
  flags: {
    format: format(),
    verbose: bool('Everything one by one', { short: 'v' }),
  },
  async run(context, flags) {
    const usage = await context.client.system.diskUsage();
    if (flags.verbose && flags.format === '') {
      context.stdout.write(details(usage));
      return;
    }
    const table = '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}';
    printRows(context, summary(usage), { format: flags.format, table, headers: HEADERS });
  },
});

interface Sum {
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

function summary(usage: SystemDataUsage): Record<string, string>[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const caches = usage.BuildCache ?? [];
  const layers = usage.LayersSize ?? 0;
  const usedImages = images.filter((image) => image.Containers > 0);
  const sharedByUsed = usedImages.reduce((sum, image) => sum + image.Size, 0);
  const running = containers.filter((container) => ['running', 'paused', 'restarting'].includes(container.State));
  const own = (list: typeof containers): number => list.reduce((sum, container) => sum + (container.SizeRw ?? 0), 0);
  const usedVolumes = volumes.filter((volume) => (volume.UsageData?.RefCount ?? 0) > 0);
  const volumeSize = (list: typeof volumes): number =>
    list.reduce((sum, volume) => sum + Math.max(0, volume.UsageData?.Size ?? 0), 0);
  const cacheSize = (list: typeof caches): number => list.reduce((sum, cache) => sum + cache.Size, 0);
  return [
    row('Images', {
      total: images.length,
      active: usedImages.length,
      size: layers,
      reclaimable: Math.max(0, layers - sharedByUsed),
    }),
    row('Containers', {
      total: containers.length,
      active: running.length,
      size: own(containers),
      reclaimable: own(containers) - own(running),
    }),
    row('Local Volumes', {
      total: volumes.length,
      active: usedVolumes.length,
      size: volumeSize(volumes),
      reclaimable: volumeSize(volumes) - volumeSize(usedVolumes),
    }),
    row('Build Cache', {
      total: caches.length,
      active: caches.filter((cache) => cache.InUse).length,
      size: cacheSize(caches),
      reclaimable: cacheSize(caches.filter((cache) => !cache.InUse)),
    }),
  ];
}

function row(type: string, sum: Sum): Record<string, string> {
  const share = sum.size > 0 ? ` (${Math.floor((sum.reclaimable / sum.size) * 100)}%)` : '';
  return {
    Type: type,
    TotalCount: String(sum.total),
    Active: String(sum.active),
    Size: humanSize(sum.size, 4),
    Reclaimable: `${humanSize(sum.reclaimable, 4)}${share}`,
  };
}

function details(usage: SystemDataUsage): string {
  const images = (usage.Images ?? []).map((image) => {
    const [name = '<none>:<none>'] = image.RepoTags ?? [];
    const at = name.lastIndexOf(':');
    const shared = Math.max(0, image.SharedSize);
    return [
      name.slice(0, at),
      name.slice(at + 1),
      shortenId(image.Id),
      ago(image.Created * 1000),
      humanSize(image.Size),
      humanSize(shared),
      humanSize(image.Size - shared),
      String(Math.max(0, image.Containers)),
    ];
  });
  const containers = (usage.Containers ?? []).map((container) => [
    shortenId(container.Id),
    container.Image,
    `"${ellipsis(container.Command, 20)}"`,
    String((container.Mounts ?? []).filter((mount) => mount.Driver === 'local').length),
    humanSize(container.SizeRw ?? 0),
    ago(container.Created * 1000),
    container.Status,
    container.Names.map((name) => name.replace(/^\//, '')).join(','),
  ]);
  const volumes = (usage.Volumes ?? []).map((volume) => [
    volume.Name,
    String(volume.UsageData?.RefCount ?? 0),
    humanSize(Math.max(0, volume.UsageData?.Size ?? 0)),
  ]);
  const section = (title: string, header: readonly string[], rows: readonly (readonly string[])[]): string =>
    `${title} space usage:\n\n${formatTable([header, ...rows])}`;
  return [
    section(
      'Images',
      ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'],
      images,
    ),
    section(
      'Containers',
      ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'],
      containers,
    ),
    section('Local Volumes', ['VOLUME NAME', 'LINKS', 'SIZE'], volumes),
  ].join('\n');
}
