import { goJson, goSprintf, goString } from './go-format.ts';
import { TemplateError } from './lex.ts';

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Go's notion of truth: anything but false, 0, '', nil, and an empty list or map. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TemplateError(`expected string; got ${goString(value)}`);
  return value;
}

function size(value: unknown): number {
  if (typeof value !== 'number') throw new TemplateError(`expected integer; got ${goString(value)}`);
  return value;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError('incompatible types for comparison');
}

function equal(a: unknown, ...others: readonly unknown[]): boolean {
  if (others.length === 0) throw new TemplateError('missing argument for comparison');
  return others.some((b) => {
    if (a !== null && b !== null && a !== undefined && b !== undefined && typeof a !== typeof b) {
      throw new TemplateError('incompatible types for comparison');
    }
    return a === b || (a == null && b == null);
  });
}

function index(value: unknown, ...keys: readonly unknown[]): unknown {
  let at = value;
  for (const key of keys) {
    if (at === undefined || at === null) throw new TemplateError('index of untyped nil');
    if (Array.isArray(at) || typeof at === 'string') {
      const position = size(key);
      if (position < 0 || position >= at.length) throw new TemplateError(`index out of range: ${position}`);
      at = typeof at === 'string' ? at.charCodeAt(position) : (at as unknown[])[position];
    } else if (typeof at === 'object') {
      const name = text(key);
      at = Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
    } else throw new TemplateError(`can't index item of type ${typeof at}`);
  }
  return at;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new TemplateError(value == null ? 'len of nil pointer' : `len of type ${typeof value}`);
}

/** Go's fmt.Sprint: a space between two values of which neither is a string. */
function sprint(...args: readonly unknown[]): string {
  return args
    .map((arg, at) => {
      const spaced = at > 0 && typeof arg !== 'string' && typeof args[at - 1] !== 'string';
      return (spaced ? ' ' : '') + goString(arg);
    })
    .join('');
}

/** The functions of text/template and those that Docker adds. `and` and `or` are evaluated apart: they stop early. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => goJson(value),
  split: (value, separator) => text(value).split(text(separator)),
  join: (list, separator) => (Array.isArray(list) ? list.map(goString).join(text(separator)) : goString(list)),
  title: (value) =>
    text(value).replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase()),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  pad: (value, before, after) =>
    text(value) === '' ? '' : ' '.repeat(size(before)) + text(value) + ' '.repeat(size(after)),
  truncate: (value, limit) => Array.from(text(value)).slice(0, size(limit)).join(''),
  println: (...args) => `${args.map(goString).join(' ')}\n`,
  print: sprint,
  printf: (format, ...args) => goSprintf(text(format), args),
  not: (value) => !isTrue(value),
  len: length,
  index,
  slice: (value, from, to) => {
    if (typeof value !== 'string' && !Array.isArray(value)) throw new TemplateError("can't slice that");
    return value.slice(from === undefined ? 0 : size(from), to === undefined ? undefined : size(to));
  },
  eq: equal,
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  html: (...args) =>
    sprint(...args).replace(
      /[&<>"']/g,
      (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' })[char] ?? '&#39;',
    ),
  urlquery: (...args) => encodeURIComponent(sprint(...args)).replaceAll('%20', '+'),
};
