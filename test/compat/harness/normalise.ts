import type { Engine } from './engine.ts';

/** What differs between any two runs of one engine, in the order in which it is replaced. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{24,40}\b/g, '<hex>'],
  [/\b[0-9a-f]{12}\b/g, '<short id>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|[+-]\d\d:?\d\d))?( UTC)?/g, '<time>'],
  [/\b1[6-9]\d{8}(\.\d+|\d{9})?\b/g, '<time>'],
  [
    /\b(Up|Created|Exited \(\d+\)|Restarting \(\d+\)) (Less than a second|\d+ seconds?|About a minute)( ago)?/g,
    '$1 <age>',
  ],
  [/\b(Less than a second|\d+ seconds?|About a minute|\d+ minutes?|About an hour) ago\b/g, '<age> ago'],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>'],
  [/\bfe80::[0-9a-f:]+/g, '<link-local>'],
  [/\b172\.(1[6-9]|2\d|3[01])\.\d+\.(?!0\/)\d+\b/g, '<address>'],
  [/\b172\.(1[6-9]|2\d|3[01])\.\d+\.0\/\d+/g, '<subnet>'],
  [/((?:0\.0\.0\.0|\[::\]|127\.0\.0\.1):)(3[2-9]|4\d|5\d|6[0-5])\d{3}\b/g, '$1<port>'],
  // Of a port that is taken on both families Docker names either.
  [/\bBind for (0\.0\.0\.0|::):/g, 'Bind for <any>:'],
  [/\b\d+(\.\d+)?\s?([kKMG]i?)?B\b/g, '<size>'],
  [/\b\d+\.\d\d%/g, '<percent>'],
  [/"(Size|Pid)": [1-9]\d*/g, '"$1": <number>'],
  [/\b[a-z]+_[a-z]+(?= \(<id>\))/g, '<random name>'],
  [/ {2,}/g, '  '],
  [/[ \t]+$/gm, ''],
];

/** Output with the engine's own paths, ids, times, addresses and sizes replaced by words. */
export function normalise(text: string, engine: Engine, directory: string): string {
  let plain = text.replaceAll(directory, '<here>').replaceAll(engine.socket, '<socket>');
  plain = plain.replaceAll(engine.directory, '<engine>');
  plain = sortFields(plain);
  for (const [pattern, word] of VARYING) plain = plain.replaceAll(pattern, word);
  return plain;
}

/** JSON with the fields of its objects in the order of their names, for that order means nothing. */
function sortFields(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return `${JSON.stringify(sorted(JSON.parse(text)), null, 2)}\n`;
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}
