import { InterpolationError, interpolate, type Lookup } from './interpolate.ts';

const KEY = /^[ \t]*(?:export[ \t]+)?([^\s=:'"]+)[ \t]*([=:])?[ \t]*/;

/** A line that is no assignment, with its number. */
export class DotenvError extends Error {
  override readonly name = 'DotenvError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * The variables of an env file: `NAME=value`, `export NAME=value` or `NAME: value` a line, `#` comments, values in single
 * quotes as they are, in double quotes with escapes and over several lines, and variables in values unless they are in
 * single quotes. A name alone takes its value from `lookup`; it is left out where there is none.
 */
export function parseDotenv(text: string, lookup: Lookup): Map<string, string> {
  const found = new Map<string, string>();
  const reader = new Reader(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'));
  const seen: Lookup = (name) => lookup(name) ?? found.get(name);
  while (reader.skipBlank()) {
    const line = reader.line;
    const match = reader.take(KEY);
    if (!match) throw new DotenvError(line, `unexpected '${reader.restOfLine().slice(0, 40)}'`);
    const name = match[1] as string;
    if (match[2] === undefined) {
      if (reader.restOfLine().trim() !== '') throw new DotenvError(line, `'${name}' needs = before its value`);
      reader.nextLine();
      const value = lookup(name);
      if (value !== undefined) found.set(name, value);
      continue;
    }
    try {
      found.set(name, reader.value(seen));
    } catch (error) {
      if (error instanceof InterpolationError) throw new DotenvError(line, error.message);
      throw error;
    }
  }
  return found;
}

/** Lines as they are, `NAME=value` without quotes or variables: the format `raw`. */
export function parseRawEnv(text: string, lookup: Lookup): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.replace(/\r$/, '').replace(/^[ \t]+/, '');
    if (content === '' || content.startsWith('#')) continue;
    const at = content.indexOf('=');
    const name = at < 0 ? content : content.slice(0, at);
    if (/\s/.test(name)) throw new DotenvError(index + 1, `the name '${name}' holds white space`);
    const value = at < 0 ? lookup(name) : content.slice(at + 1);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', b: '\b', a: '\x07' };

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get line(): number {
    return this.#text.slice(0, this.#at).split('\n').length;
  }

  /** Go to the next line with content; false at the end. */
  skipBlank(): boolean {
    for (;;) {
      const line = this.restOfLine();
      if (line.trim() !== '' && !line.trimStart().startsWith('#')) return true;
      if (this.#at + line.length >= this.#text.length) return false;
      this.nextLine();
    }
  }

  take(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.restOfLine());
    if (match) this.#at += match[0].length;
    return match;
  }

  restOfLine(): string {
    const end = this.#text.indexOf('\n', this.#at);
    return this.#text.slice(this.#at, end < 0 ? undefined : end);
  }

  nextLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end + 1;
  }

  value(lookup: Lookup): string {
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#quoted(quote, lookup);
    const raw = this.restOfLine();
    this.nextLine();
    const comment = /(^|\s)#/.exec(raw);
    return interpolate((comment ? raw.slice(0, comment.index) : raw).trim(), lookup);
  }

  #quoted(quote: string, lookup: Lookup): string {
    const start = this.#at + 1;
    const line = this.line;
    let end = start;
    for (; end < this.#text.length && this.#text[end] !== quote; end += 1) {
      if (this.#text[end] === '\\') end += 1;
    }
    if (end >= this.#text.length) throw new DotenvError(line, 'a quote is not closed');
    const raw = this.#text.slice(start, end);
    this.#at = end + 1;
    const after = this.restOfLine().trim();
    if (after !== '' && !after.startsWith('#')) throw new DotenvError(line, `unexpected '${after}' behind a quote`);
    this.nextLine();
    if (quote === "'") return raw.replaceAll("\\'", "'");
    // An escaped dollar is no variable; interpolation knows it as two.
    const escaped = raw.replace(/\\([\s\S])/g, (whole, char: string) => {
      if (char === '$') return '$$';
      return ESCAPES[char] ?? (char === '"' || char === '\\' ? char : whole);
    });
    return interpolate(escaped, lookup);
  }
}
