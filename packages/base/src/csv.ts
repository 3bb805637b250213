import { PouchError } from './errors.ts';

/** The fields of one line of comma-separated values; a field in double quotes may hold commas (RFC 4180). */
export function splitCsv(line: string): readonly string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (line[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"') {
      if (field !== '') throw new PouchError('invalid-argument', 'a quote may only stand at the start of a field');
      quoted = true;
    } else if (char === ',') {
      fields.push(field);
      field = '';
    } else field += char;
  }
  if (quoted) throw new PouchError('invalid-argument', 'a quote is not closed');
  return [...fields, field];
}

/** `key=value` fields; a field without '=' has the value undefined. Keys in lower case. */
export function csvPairs(line: string): readonly (readonly [string, string | undefined])[] {
  return splitCsv(line).map((field) => {
    const at = field.indexOf('=');
    if (at < 0) return [field.trim().toLowerCase(), undefined];
    return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
  });
}

/** A `key=value` text as a pair; without '=' the value is empty. */
export function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
