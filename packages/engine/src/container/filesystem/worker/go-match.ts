import type { ByteString } from './bytes.ts';

/** Whether a name holds what Go's filepath.Match gives a meaning. */
export function hasWildcards(path: string): boolean {
  return /[*?[\\]/.test(path);
}

/** A regular expression for one component of a pattern, by the rules of Go's filepath.Match; undefined for a malformed one. */
export function componentExpression(pattern: ByteString): RegExp | undefined {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + (pattern[at + 1] === '^' ? 3 : 2));
      if (end < 0) return undefined;
      const inside = pattern.slice(at + 1, end);
      const negated = inside.startsWith('^');
      source += `[${negated ? '^' : ''}${(negated ? inside.slice(1) : inside).replace(/[[\]\\^]/g, '\\$&')}]`;
      at = end;
    } else if (char === '\\') {
      at += 1;
      if (at >= pattern.length) return undefined;
      source += literal(pattern[at] as string);
    } else source += literal(char);
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return undefined;
  }
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
