import { command } from '../app/command.ts';
import { confirm } from '../app/targets.ts';
import { bool, filter } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch system prune', does: 'stopped containers, unused networks, unnamed images, build cache' },
    { command: 'pouch system prune -af --volumes', does: 'everything that nothing uses, without asking' },
  ],
  complete: 'none',
  flags: {
    all: bool('All images that no container uses, not only those without a name', { short: 'a' }),
    filter: filter('Only those that match: until=24h, label=…'),
    force: bool('Do not ask', { short: 'f' }),
    volumes: bool('Also anonymous volumes'),
  },
  async run(context, flags) {
    if (!flags.force) await confirm(context, warning(flags.all, flags.volumes, flags.filter));
    const { client } = context;
    let reclaimed = 0;
    const report = (title: string, items: readonly string[]): void => {
      if (items.length > 0) context.print(`${title}:\n${items.join('\n')}\n`);
    };
    const containers = await client.containers.prune(flags.filter);
    report('Deleted Containers', containers.ContainersDeleted ?? []);
    reclaimed += containers.SpaceReclaimed;
    report('Deleted Networks', (await client.networks.prune(flags.filter)).NetworksDeleted ?? []);
    if (flags.volumes) {
      const volumes = await client.volumes.prune(flags.filter);
      report('Deleted Volumes', volumes.VolumesDeleted ?? []);
      reclaimed += volumes.SpaceReclaimed;
    }
    const images = await client.images.prune({ ...flags.filter, dangling: [flags.all ? 'false' : 'true'] });
    const lines = (images.ImagesDeleted ?? []).map((item) =>
      item.Untagged ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`,
    );
    report('Deleted Images', lines);
    const cache = await client.builds.prune({ all: flags.all, ...cacheFilters(flags.filter) });
    report('Deleted build cache objects', cache.CachesDeleted ?? []);
    reclaimed += images.SpaceReclaimed + cache.SpaceReclaimed;
    context.print(`Total reclaimed space: ${humanSize(reclaimed)}`);
  },
});

/** The cache has no labels. */
function cacheFilters(filters: Readonly<Record<string, readonly string[]>>): {
  filters?: Record<string, readonly string[]>;
} {
  return filters['until'] ? { filters: { until: filters['until'] } } : {};
}

function warning(all: boolean, volumes: boolean, filters: Readonly<Record<string, readonly string[]>>): string {
  const lines = [
    'WARNING! This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    ...(volumes ? ['  - all anonymous volumes not used by at least one container'] : []),
    all ? '  - all images without at least one container associated to them' : '  - all dangling images',
    all ? '  - all build cache' : '  - unused build cache',
  ];
  const given = Object.entries(filters).flatMap(([name, values]) => values.map((value) => `  - ${name}=${value}`));
  if (given.length > 0) lines.push('', '  Items to be pruned will be filtered with:', ...given);
  return `${lines.join('\n')}\n\nAre you sure you want to continue?`;
}
