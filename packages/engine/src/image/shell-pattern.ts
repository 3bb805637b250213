/** Longest value and pattern that are matched against each other: the tables below grow with both. */
const LIMIT = 64 * 1024;

/** Take the shortest (`#`, `%`) or longest (`##`, `%%`) match of a shell pattern off the start or the end of a value. */
export function trimPattern(value: string, pattern: string, form: '#' | '##' | '%' | '%%'): string {
  const tokens = tokensOf(pattern);
  const longest = form.length === 2;
  if (form.startsWith('#')) {
    const end = matchLength(value, tokens, longest);
    return end === undefined ? value : value.slice(end);
  }
  const reversed = matchLength(value.split('').toReversed().join(''), tokens.toReversed(), longest);
  return reversed === undefined ? value : value.slice(0, value.length - reversed);
}

/** The first match, or every match, of a shell pattern replaced. Matches are as long as they can be. */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean): string {
  const tokens = tokensOf(pattern);
  if (tokens.length === 0) return value;
  let out = '';
  for (let at = 0; at < value.length; ) {
    const length = matchLength(value.slice(at), tokens, true);
    if (length === undefined || length === 0) {
      out += value[at] as string;
      at += 1;
      continue;
    }
    out += replacement;
    at += length;
    if (!all) return out + value.slice(at);
  }
  return out;
}

type Token = { readonly kind: 'star' } | { readonly kind: 'any' } | { readonly kind: 'char'; readonly char: string };

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '\\' && at + 1 < pattern.length) {
      at += 1;
      tokens.push({ kind: 'char', char: pattern[at] as string });
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** How many characters at the start match, in time that grows with the product of both lengths and no faster. */
function matchLength(value: string, tokens: readonly Token[], longest: boolean): number | undefined {
  if (value.length * tokens.length > LIMIT * 16) return undefined;
  // The token positions that can be reached after each character.
  let reached = closure(new Set([0]), tokens);
  let found: number | undefined;
  for (let at = 0; ; at += 1) {
    if (reached.has(tokens.length)) {
      found = at;
      if (!longest) return found;
    }
    if (at === value.length || reached.size === 0) return found;
    const next = new Set<number>();
    for (const position of reached) {
      const token = tokens[position];
      if (!token) continue;
      if (token.kind === 'star') next.add(position);
      else if (token.kind === 'any' || token.char === value[at]) next.add(position + 1);
    }
    reached = closure(next, tokens);
  }
}

/** A star may stand for nothing. */
function closure(positions: Set<number>, tokens: readonly Token[]): Set<number> {
  for (const position of positions) if (tokens[position]?.kind === 'star') positions.add(position + 1);
  return positions;
}
