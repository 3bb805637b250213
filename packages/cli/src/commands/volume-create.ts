import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { list, map, str } from '../flags/types.ts';
import { readLabels } from '../run/environment.ts';

const CLUSTER = 'Pouch has no cluster volumes';

export default command({
  usage: '[OPTIONS] [VOLUME]',
  args: { min: 0, max: 1 },
  examples: [
    { command: 'pouch volume create data', does: 'a directory that outlives containers' },
    {
      command: 'pouch volume create -o type=nfs -o o=addr=10.0.0.1,rw -o device=:/export nfs',
      does: 'a share of another machine',
    },
  ],
  complete: 'none',
  flags: {
    driver: str('Driver', { short: 'd', default: 'local' }),
    label: list('Label: NAME=value'),
    name: str('Name of the volume', { hidden: true }),
    opt: map('Option of the driver: type=, device=, o=', { short: 'o' }),
    availability: str('Availability', { refused: CLUSTER }),
    group: str('Group', { refused: CLUSTER }),
    'limit-bytes': str('Limit', { refused: CLUSTER }),
    'required-bytes': str('Required', { refused: CLUSTER }),
    scope: str('Scope', { refused: CLUSTER }),
    secret: str('Secret', { refused: CLUSTER }),
    sharing: str('Sharing', { refused: CLUSTER }),
    'topology-preferred': str('Topology', { refused: CLUSTER }),
    'topology-required': str('Topology', { refused: CLUSTER }),
    type: str('Type', { refused: CLUSTER }),
  },
  async run(context, flags, [given]) {
    if (given !== undefined && flags.name)
      throw new UsageError(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    const name = given ?? flags.name;
    const volume = await context.client.volumes.create({
      ...(name && { Name: name }),
      Driver: flags.driver,
      DriverOpts: { ...flags.opt },
      Labels: readLabels([], flags.label),
    });
    context.print(volume.Name);
  },
});
