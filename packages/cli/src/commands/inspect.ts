import { isErrorCode, PouchError } from '@pouch/base';
import { command } from '../app/command.ts';
import type { Context } from '../app/context.ts';
import { UsageError } from '../app/errors.ts';
import { bool, format, str } from '../flags/types.ts';
import { inspectAll } from '../output/inspect.ts';

const TYPES = ['container', 'image', 'network', 'volume'] as const;
type ObjectType = (typeof TYPES)[number];

export default command({
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: { min: 1 },
  examples: [
    { command: "pouch inspect -f '{{.NetworkSettings.Networks.bridge.IPAddress}}' web", does: "a container's address" },
    { command: 'pouch inspect --type volume data', does: 'where several objects have the name' },
  ],
  complete: 'container',
  flags: {
    format: format({ short: 'f', help: "Print with a Go template, or 'json'" }),
    size: bool('Show what a container takes on disk', { short: 's' }),
    type: str('Only objects of this type', { values: [...TYPES] }),
  },
  async run(context, flags, args, given) {
    const only = TYPES.find((type) => type === flags.type);
    if (given.has('type') && !only) {
      throw new UsageError(`'${flags.type}' is not a type (use ${TYPES.join(', ')})`);
    }
    return await inspectAll(context, args, flags.format, (name) =>
      findObject(context, name, only ? [only] : TYPES, flags.size),
    );
  },
});

async function findObject(
  context: Context,
  name: string,
  types: readonly ObjectType[],
  size: boolean,
): Promise<object> {
  const { client } = context;
  for (const type of types) {
    try {
      switch (type) {
        case 'container':
          return await client.containers.inspect(name, { size });
        case 'image':
          return await client.images.inspect(name);
        case 'network':
          return await client.networks.inspect(name);
        case 'volume':
          return await client.volumes.inspect(name);
      }
    } catch (error) {
      // A name that one kind of object could never have may still be another's.
      if (!isErrorCode(error, 'not-found', 'invalid-argument')) throw error;
    }
  }
  const [only] = types;
  throw new PouchError('not-found', `Error: No such ${types.length === 1 ? only : 'object'}: ${name}`);
}
