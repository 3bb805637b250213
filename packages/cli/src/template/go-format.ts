/** A method of a row: called with the template's arguments. */
export type Method = (...args: readonly unknown[]) => unknown;

/** A value as Go's %v prints it: lists in brackets, maps as map[key:value] with sorted keys. */
export function goString(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(inner).join(' ')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function');
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `map[${sorted.map(([key, item]) => `${key}:${inner(item)}`).join(' ')}]`;
  }
  if (typeof value === 'number') return goNumber(value);
  return String(value);
}

function inner(value: unknown): string {
  return value === undefined ? '<nil>' : goString(value);
}

function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** JSON as Go's encoder writes it: <, > and & escaped; `sort` orders the keys, as for a map. */
export function goJson(value: unknown, sort = false): string {
  const ordered = sort ? sortKeys(value) : value;
  const text = JSON.stringify(ordered === undefined ? null : ordered) ?? 'null';
  return text
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Go's fmt.Sprintf for the verbs that templates use. */
export function goSprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      const size = width === '*' ? Number(args[next++]) : Number(width ?? 0);
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next++];
      return pad(verbText(verb, value, flags, precision) ?? `%!${verb}(${goString(value)})`, size, flags);
    },
  );
  return next < args.length ? `${text}%!(EXTRA ${args.slice(next).map(goString).join(', ')})` : text;
}

function verbText(verb: string, value: unknown, flags: string, precision: string | undefined): string | undefined {
  const digits = precision === undefined ? undefined : Number(precision);
  switch (verb) {
    case 'v':
    case 's': {
      const text = goString(value);
      return digits === undefined || verb === 'v' ? text : Array.from(text).slice(0, digits).join('');
    }
    case 'q':
      return JSON.stringify(goString(value));
    case 'd':
      return typeof value === 'number'
        ? `${flags.includes('+') && value >= 0 ? '+' : ''}${Math.trunc(value)}`
        : undefined;
    case 'f':
    case 'F':
      return typeof value === 'number' ? value.toFixed(digits ?? 6) : undefined;
    case 'g':
      return typeof value === 'number'
        ? goNumber(digits === undefined ? value : Number(value.toPrecision(digits)))
        : undefined;
    case 'e':
      return typeof value === 'number' ? value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, 'e$10$2') : undefined;
    case 'x':
    case 'X': {
      const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(goString(value)).toString('hex');
      return verb === 'X' ? hex.toUpperCase() : hex;
    }
    case 'o':
    case 'b':
      return typeof value === 'number' ? value.toString(verb === 'o' ? 8 : 2) : undefined;
    case 'c':
      return typeof value === 'number' ? String.fromCodePoint(value) : undefined;
    case 't':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'T':
      return typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value;
    default:
      return undefined;
  }
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (flags.includes('0') && /^[+-]?[\d.]+$/.test(text)) {
    const sign = /^[+-]/.test(text) ? text.slice(0, 1) : '';
    return sign + text.slice(sign.length).padStart(width - sign.length, '0');
  }
  return text.padStart(width);
}
