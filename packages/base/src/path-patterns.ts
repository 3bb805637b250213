import { posix } from 'node:path';
import { PouchError } from './errors.ts';

interface Pattern {
  readonly text: string;
  readonly exclusion: boolean;
  readonly matches: (path: string) => boolean;
}

/**
 * Patterns of a `.dockerignore`, with Docker's meaning: a pattern matches from the context's root, `*`, `?` and `[…]` do not match
 * a slash, `**` matches any number of directories, a match of a directory is a match of all below it, and of several patterns
 * that match the last one decides, `!` taking a path back in.
 */
export class PathPatterns {
  readonly #patterns: readonly Pattern[];

  private constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
  }

  /** The lines of a `.dockerignore`: comments begin in the first column. Throws invalid-argument. */
  static parse(text: string): PathPatterns {
    const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    return new PathPatterns(
      lines.flatMap((line) => {
        if (line.startsWith('#')) return [];
        const trimmed = line.trim();
        return trimmed === '' ? [] : [compile(trimmed)];
      }),
    );
  }

  /** Patterns by themselves, none of which is a comment. Throws invalid-argument. */
  static of(patterns: readonly string[]): PathPatterns {
    return new PathPatterns(
      patterns.flatMap((text) => {
        const trimmed = text.trim();
        return trimmed === '' ? [] : [compile(trimmed)];
      }),
    );
  }

  /** Whether a path is left out: relative to the root, parts joined by `/`. */
  excludes(path: string): boolean {
    const clean = posix.normalize(path).replace(/^\/+|\/+$/g, '');
    const parents = parentsOf(clean);
    let excluded = false;
    for (const { exclusion, matches } of this.#patterns) {
      // A pattern that could change nothing need not be matched.
      if (exclusion !== excluded) continue;
      if (matches(clean) || parents.some(matches)) excluded = !exclusion;
    }
    return excluded;
  }

  /** Whether a directory that is left out may have something in it that a later `!` takes back. */
  mayHoldIncluded(directory: string): boolean {
    return this.#patterns.some(({ exclusion, text }) => {
      if (!exclusion) return false;
      if (/[*?[\\]/.test(text)) return true;
      return `${text}/`.startsWith(`${directory}/`);
    });
  }

  /** Whether a directory that no pattern matches may have something in it that one does. */
  mayMatchBelow(directory: string): boolean {
    return this.#patterns.some(({ exclusion, text }) => {
      if (exclusion) return false;
      const wild = text.search(/[*?[\\]/);
      const literal = wild < 0 ? `${text}/` : text.slice(0, wild);
      return literal.startsWith(`${directory}/`) || (wild >= 0 && `${directory}/`.startsWith(literal));
    });
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }
}

function parentsOf(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join('/'));
}

function compile(line: string): Pattern {
  const exclusion = line.startsWith('!');
  const body = exclusion ? line.slice(1).trim() : line;
  if (body === '') throw new PouchError('invalid-argument', 'illegal exclusion pattern: "!"');
  const text =
    posix
      .normalize(body)
      .replace(/^\/+/, '')
      .replace(/(.)\/+$/, '$1') || '.';
  return { text, exclusion, matches: matcherOf(text) };
}

/** A pattern with more stars than this is matched without a regular expression, whose time would explode. */
const STARS_LIMIT = 2;

type Token =
  | { readonly kind: 'one'; readonly source: string; readonly test: RegExp }
  /** `*`, `**` at the end, and `**` with the slash behind it. */
  | { readonly kind: 'star' | 'rest' | 'directories'; readonly source: string };

function matcherOf(pattern: string): (path: string) => boolean {
  const tokens = tokensOf(pattern);
  const stars = tokens.filter(({ kind }) => kind !== 'one').length;
  if (stars > STARS_LIMIT) return (path) => simulate(tokens, path);
  const expression = new RegExp(`^${tokens.map(({ source }) => source).join('')}$`, 's');
  return (path) => expression.test(path);
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const one = (source: string): void => {
    try {
      tokens.push({ kind: 'one', source, test: new RegExp(`^${source}$`, 's') });
    } catch (error) {
      throw new PouchError('invalid-argument', `syntax error in pattern: ${pattern}`, { cause: error });
    }
  };
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string;
    if (char === '*' && pattern[at + 1] === '*') {
      at += 1;
      if (pattern[at + 1] === '/') at += 1;
      const last = at + 1 >= pattern.length;
      tokens.push(last ? { kind: 'rest', source: '.*' } : { kind: 'directories', source: '(?:.*/)?' });
    } else if (char === '*') tokens.push({ kind: 'star', source: '[^/]*' });
    else if (char === '?') one('[^/]');
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw new PouchError('invalid-argument', `syntax error in pattern: ${pattern}`);
      one(`[${pattern.slice(at + 1, end).replace(/[[\]\\]/g, '\\$&')}]`);
      at = end;
    } else if (char === '\\' && at + 1 < pattern.length) {
      at += 1;
      one(escapeLiteral(pattern[at] as string));
    } else one(escapeLiteral(char));
  }
  return tokens;
}

/** All positions in the pattern that can be reached, character by character: time grows with the product of both lengths. */
function simulate(tokens: readonly Token[], path: string): boolean {
  const closed = (positions: Set<number>): Set<number> => {
    for (const position of positions) {
      const kind = tokens[position]?.kind;
      if (kind === 'star' || kind === 'rest' || kind === 'directories') positions.add(position + 1);
    }
    return positions;
  };
  // Inside the directories of a `**/`: only a slash leads out.
  let inside = new Set<number>();
  let reached = closed(new Set([0]));
  for (const char of path) {
    const next = new Set<number>();
    const nextInside = new Set<number>(inside);
    if (char === '/') for (const position of inside) next.add(position + 1);
    for (const position of reached) {
      const token = tokens[position];
      if (!token) continue;
      if (token.kind === 'one' && token.test.test(char)) next.add(position + 1);
      else if (token.kind === 'rest' || (token.kind === 'star' && char !== '/')) next.add(position);
      else if (token.kind === 'directories') {
        nextInside.add(position);
        if (char === '/') next.add(position + 1);
      }
    }
    inside = nextInside;
    reached = closed(next);
    if (reached.size === 0 && inside.size === 0) return false;
  }
  return reached.has(tokens.length);
}

function escapeLiteral(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
