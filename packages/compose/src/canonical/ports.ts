import { problemAt } from '../tree/problems.ts';
import { describe, list, type Location, mapOf, scalar, type Tree, withEntry } from '../tree/tree.ts';

const MAX_PORT = 65_535;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** `ports` in the long syntax: ranges become an entry per port. */
export function ports(node: Tree): Tree {
  if (node.kind !== 'list') return node;
  const items = node.items.flatMap((item) => {
    if (item.kind === 'map') return [longPort(item)];
    if (item.kind !== 'scalar' || item.value === null)
      throw problemAt(item.at, `expected a port, found ${describe(item)}`);
    return shortPort(item.text, item.at);
  });
  return list(items, node.at, node.tag);
}

/** The defaults of the long syntax. */
function longPort(item: Tree): Tree {
  if (item.kind !== 'map') return item;
  let result: Tree = item;
  if (!item.entries.has('mode')) result = withEntry(result, 'mode', scalar('ingress', item.at));
  if (!item.entries.has('protocol')) result = withEntry(result, 'protocol', scalar('tcp', item.at));
  return result;
}

/** `[[ADDRESS:][PUBLISHED]:]TARGET[/PROTOCOL]`; an IPv6 address stands in brackets. */
export function shortPort(text: string, at: Location): Tree[] {
  const match = /^(?:(\[[0-9a-fA-F:.%]+\]|[^:[\]]*):)?(?:([^:]*):)?([^:/]+)(?:\/([a-zA-Z]+))?$/.exec(text.trim());
  if (!match) throw problemAt(at, `invalid port '${text}': use [[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`);
  const [, first = '', second, last = '', protocol = 'tcp'] = match;
  // One text in front of the target is the published port, two are an address and it.
  const address = second === undefined ? (first.startsWith('[') ? first : '') : first;
  const published = second ?? (first.startsWith('[') ? '' : first);
  const target = range(last, text, at);
  const host = published === '' ? undefined : range(published, text, at);
  const count = target.to - target.from;
  const wide = host !== undefined && host.to - host.from !== count;
  if (wide && count > 0) throw problemAt(at, `invalid port '${text}': the two ranges differ in length`);
  const entries: Tree[] = [];
  for (let offset = 0; offset <= count; offset += 1) {
    const hostText = host === undefined ? undefined : wide ? published : String(host.from + offset);
    entries.push(
      mapOf(
        {
          mode: scalar('ingress', at),
          ...(address !== '' && { host_ip: scalar(address.replace(/^\[|\]$/g, ''), at) }),
          target: scalar(target.from + offset, at),
          ...(hostText !== undefined && { published: scalar(hostText, at) }),
          protocol: scalar(protocol.toLowerCase(), at),
        },
        at,
      ),
    );
  }
  return entries;
}

function range(text: string, whole: string, at: Location): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!match || from > to || to > MAX_PORT)
    throw problemAt(at, `invalid port '${whole}': '${text}' is no port or range`);
  return { from, to };
}
