/** One way to authenticate that a server offers in `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const HEADER_LIMIT = 8192;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
/** More than the RFC allows without quotes: some servers leave them out. */
const UNQUOTED = /[^\s,"]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** The challenges of a header, in order. What cannot be understood ends the list: better none than a guessed one. */
export function parseChallenges(header: string | undefined): Challenge[] {
  if (header === undefined || header.length > HEADER_LIMIT) return [];
  const challenges: Challenge[] = [];
  const cursor = { text: header, at: 0 };
  for (;;) {
    skip(cursor, /[\s,]*/y);
    const scheme = take(cursor, TOKEN)?.[0];
    if (scheme === undefined) return challenges;
    skip(cursor, / */y);
    challenges.push({ scheme: scheme.toLowerCase(), parameters: parameters(cursor) });
  }
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** `name=value` pairs, up to the next scheme (a token with no `=` behind it). */
function parameters(cursor: Cursor): Map<string, string> {
  const found = new Map<string, string>();
  for (;;) {
    skip(cursor, /[\s,]*/y);
    const start = cursor.at;
    const name = take(cursor, TOKEN)?.[0].toLowerCase();
    if (name === undefined || take(cursor, /\s*=\s*/y) === undefined) {
      cursor.at = start;
      return found;
    }
    const value = take(cursor, QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(cursor, UNQUOTED)?.[0];
    if (value === undefined) {
      cursor.at = cursor.text.length;
      return found;
    }
    // The first wins, so that a parameter that was smuggled in behind cannot replace it.
    if (!found.has(name)) found.set(name, value);
  }
}

function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (!match) return undefined;
  cursor.at += match[0].length;
  return match;
}

function skip(cursor: Cursor, pattern: RegExp): void {
  take(cursor, pattern);
}
