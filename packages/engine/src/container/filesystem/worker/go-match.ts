import type { ByteString } from './bytes.ts';

/** Whether a name holds what Go's filepath.Match gives a meaning. */
export function hasWildcards(path: string): boolean {
  return /[*?[\\]/.test(path);
}

type Token = { readonly kind: 'star' } | { readonly kind: 'one'; readonly test: (char: string) => boolean };

/** Whether names match one component of a pattern, by the rules of Go's filepath.Match; undefined for a malformed pattern. */
export function componentMatcher(pattern: ByteString): ((name: ByteString) => boolean) | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'one', test: () => true });
    else if (char === '[') {
      const end = classEnd(pattern, at + (pattern[at + 1] === '^' ? 2 : 1));
      const test = end < 0 ? undefined : classTest(pattern.slice(at + 1, end));
      if (!test) return undefined;
      tokens.push({ kind: 'one', test });
      at = end;
    } else {
      if (char === '\\') at += 1;
      const wanted = pattern[at];
      if (wanted === undefined) return undefined;
      tokens.push({ kind: 'one', test: (found) => found === wanted });
    }
  }
  return (name) => matches(tokens, name);
}

/** The bracket that closes a class whose first character is at `start`; -1 for none. */
function classEnd(pattern: string, start: number): number {
  for (let at = start; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']') return at === start ? -1 : at;
  }
  return -1;
}

/** `a-z`, with `^` in front for all others; undefined for a malformed one. */
function classTest(inside: string): ((char: string) => boolean) | undefined {
  const negated = inside.startsWith('^');
  const ranges: [string, string][] = [];
  const chars = (negated ? inside.slice(1) : inside).split('');
  while (chars.length > 0) {
    const from = takeChar(chars);
    const isRange = chars[0] === '-' && chars.length > 1;
    if (isRange) chars.shift();
    const to = isRange ? takeChar(chars) : from;
    if (from === undefined || to === undefined || from > to) return undefined;
    ranges.push([from, to]);
  }
  return (char) => ranges.some(([from, to]) => char >= from && char <= to) !== negated;
}

function takeChar(chars: string[]): string | undefined {
  const char = chars.shift();
  return char === '\\' ? chars.shift() : char;
}

/** Only the last star is ever tried again: time grows with the product of both lengths, whatever the pattern. */
function matches(tokens: readonly Token[], name: ByteString): boolean {
  let token = 0;
  let at = 0;
  let retryToken = -1;
  let retryAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      retryToken = token;
      retryAt = at;
      token += 1;
    } else if (current?.test(name[at] as string)) {
      token += 1;
      at += 1;
    } else if (retryToken >= 0) {
      retryAt += 1;
      at = retryAt;
      token = retryToken + 1;
    } else return false;
  }
  return tokens.slice(token).every(({ kind }) => kind === 'star');
}
