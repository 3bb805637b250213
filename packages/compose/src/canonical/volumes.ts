import { problemAt } from '../tree/problems.ts';
import { describe, get, list, type Location, mapOf, scalar, textOf, type Tree, withEntry } from '../tree/tree.ts';
import { absolutePath } from './paths.ts';

const PROPAGATION = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
const CONSISTENCY = new Set(['consistent', 'cached', 'delegated']);

/** A service's `volumes` in the long syntax, with absolute sources. */
export function serviceVolumes(node: Tree, base: string): Tree {
  if (node.kind !== 'list') return node;
  const items = node.items.map((item) => {
    if (item.kind === 'map') return longVolume(item, base);
    if (item.kind !== 'scalar' || item.value === null) {
      throw problemAt(item.at, `expected a volume, found ${describe(item)}`);
    }
    return shortVolume(item.text, item.at, base);
  });
  return list(items, node.at, node.tag);
}

function longVolume(item: Tree, base: string): Tree {
  const type = textOf(item, 'type');
  const source = get(item, 'source');
  if (type !== 'bind' || source?.kind !== 'scalar') return item;
  const bind = get(item, 'bind') ?? mapOf({}, item.at);
  const created = get(bind, 'create_host_path') ? bind : withEntry(bind, 'create_host_path', scalar(true, item.at));
  const absolute = withEntry(item, 'source', scalar(absolutePath(source.text, base), source.at));
  return withEntry(absolute, 'bind', created);
}

/** `[SOURCE:]TARGET[:OPTIONS]`: a source that begins with `.`, `/` or `~` is a path here, else a volume's name. */
export function shortVolume(text: string, at: Location, base: string): Tree {
  const parts = text.split(':');
  if (text === '' || parts.length > 3 || parts.some((part) => part === '')) {
    throw problemAt(at, `invalid volume '${text}': use [SOURCE:]TARGET[:OPTIONS]`);
  }
  const [first = '', second, options = ''] = parts;
  const target = second ?? first;
  const source = second === undefined ? undefined : first;
  const isPath = source !== undefined && /^(\.|\/|~)/.test(source);
  const bind: Record<string, Tree> = {};
  const volume: Record<string, Tree> = {};
  const extra: Record<string, Tree> = {};
  for (const option of options === '' ? [] : options.split(',')) {
    if (option === 'ro') extra['read_only'] = scalar(true, at);
    else if (option === 'z' || option === 'Z') bind['selinux'] = scalar(option, at);
    else if (option === 'nocopy' || option === 'volume-nocopy') volume['nocopy'] = scalar(true, at);
    else if (PROPAGATION.has(option)) bind['propagation'] = scalar(option, at);
    else if (CONSISTENCY.has(option)) extra['consistency'] = scalar(option, at);
    else if (option !== 'rw') throw problemAt(at, `invalid volume '${text}': unknown option '${option}'`);
  }
  if (isPath) bind['create_host_path'] = scalar(true, at);
  return mapOf(
    {
      type: scalar(isPath ? 'bind' : 'volume', at),
      ...(source !== undefined && { source: scalar(isPath ? absolutePath(source, base) : source, at) }),
      target: scalar(target, at),
      ...extra,
      ...(isPath ? { bind: mapOf(bind, at) } : { volume: mapOf(volume, at) }),
    },
    at,
  );
}
