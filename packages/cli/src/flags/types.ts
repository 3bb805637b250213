import { parseBytes, parseDuration } from '@pouch/base';
import type { Flag, FlagOptions } from './flag.ts';

type More<T> = FlagOptions & { readonly default?: T };

function flag<T>(
  type: string,
  help: string,
  fallback: T,
  options: FlagOptions,
  parse: (text: string, before: T) => T,
  shownDefault?: string,
): Flag<T> {
  return {
    ...options,
    help,
    type: options.placeholder ?? type,
    default: fallback,
    isSwitch: false,
    parse,
    ...(shownDefault !== undefined && { shownDefault }),
  };
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function parseBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Error(`"${text}" is neither true nor false`);
}

/** A switch. */
export function bool(help: string, options: More<boolean> = {}): Flag<boolean> {
  const fallback = options.default ?? false;
  const base = flag('', help, fallback, options, parseBool, fallback ? 'true' : undefined);
  return { ...base, isSwitch: true };
}

export function str(help: string, options: More<string> = {}): Flag<string> {
  const fallback = options.default ?? '';
  return flag('string', help, fallback, options, (text) => text, fallback === '' ? undefined : `"${fallback}"`);
}

/** An integer that is 0, or another default, when it is not given. */
export function int(help: string, options: More<number> = {}): Flag<number> {
  const fallback = options.default ?? 0;
  return flag('int', help, fallback, options, parseInteger, fallback === 0 ? undefined : String(fallback));
}

/** An integer whose absence differs from 0. */
export function optionalInt(help: string, options: FlagOptions = {}): Flag<number | undefined> {
  return flag<number | undefined>('int', help, undefined, options, parseInteger);
}

export function uint(help: string, max: number, options: FlagOptions = {}): Flag<number> {
  return flag('uint', help, 0, options, (text) => {
    const value = parseInteger(text);
    if (value < 0 || value > max) throw new Error(`${text} is not between 0 and ${max}`);
    return value;
  });
}

function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,16}$/.test(text)) throw new Error(`"${text}" is not an integer`);
  return Number(text);
}

/** A size such as `512m`. */
export function bytes(help: string, options: FlagOptions & { readonly allowMinusOne?: boolean } = {}): Flag<number> {
  const { allowMinusOne, ...rest } = options;
  return flag('bytes', help, 0, rest, (text) => (allowMinusOne && text === '-1' ? -1 : parseBytes(text)));
}

/** Go's duration notation; the value is in nanoseconds, as the API counts. */
export function duration(help: string, options: FlagOptions = {}): Flag<number> {
  return flag('duration', help, 0, options, (text) => Math.round(parseDuration(text) * 1e6));
}

/** A decimal number of CPUs; the value is in billionths. */
export function nanoCpus(help: string, options: FlagOptions = {}): Flag<number> {
  return flag('decimal', help, 0, options, (text) => {
    const fraction = /^(\d+)\/([1-9]\d*)$/.exec(text);
    const value = fraction ? Number(fraction[1]) / Number(fraction[2]) : Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) throw new Error(`failed to parse ${text} as a rational number`);
    const nano = value * 1e9;
    if (Math.abs(nano - Math.round(nano)) > 1e-3) throw new Error('value is too precise');
    return Math.round(nano);
  });
}

/** A flag that may be repeated; every text is checked by `check`, which returns what is kept. */
export function list(
  help: string,
  options: FlagOptions & { readonly check?: (text: string) => string } = {},
): Flag<readonly string[]> {
  const { check, ...rest } = options;
  return flag<readonly string[]>('list', help, [], rest, (text, before) => [...before, check ? check(text) : text]);
}

/** As {@link list}, and one text may hold several separated by commas. */
export function strings(help: string, options: FlagOptions = {}): Flag<readonly string[]> {
  return flag<readonly string[]>('strings', help, [], options, (text, before) => [
    ...before,
    ...(text === '' ? [] : text.split(',')),
  ]);
}

/** key=value, repeated. */
export function map(help: string, options: FlagOptions = {}): Flag<Readonly<Record<string, string>>> {
  return flag<Readonly<Record<string, string>>>('map', help, {}, options, (text, before) => {
    const at = text.indexOf('=');
    return at < 0 ? { ...before, [text]: '' } : { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  });
}

/** A repeated flag whose texts are parsed to objects. */
export function parsedList<T>(
  type: string,
  help: string,
  parse: (text: string) => T,
  options: FlagOptions = {},
): Flag<readonly T[]> {
  return flag<readonly T[]>(type, help, [], options, (text, before) => [...before, parse(text)]);
}

/** `--filter name=value`, repeated: name → values. */
export function filter(help: string, options: FlagOptions = {}): Flag<Readonly<Record<string, readonly string[]>>> {
  return flag<Readonly<Record<string, readonly string[]>>>('filter', help, {}, options, (text, before) => {
    if (text === '') return before;
    const at = text.indexOf('=');
    if (at < 0) throw new Error('invalid filter: write it as name=value');
    const name = text.slice(0, at).trim().toLowerCase();
    return { ...before, [name]: [...(before[name] ?? []), text.slice(at + 1).trim()] };
  });
}

const FORMAT_HELP =
  "Print with a template: 'json', a Go template such as '{{.ID}}', or 'table TEMPLATE' for columns with headers";

/** `--format`. */
export function format(options: FlagOptions & { readonly help?: string } = {}): Flag<string> {
  const { help, ...rest } = options;
  return str(help ?? FORMAT_HELP, { ...rest, placeholder: 'string' });
}
