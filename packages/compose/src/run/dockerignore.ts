/** A line of a .dockerignore file. */
interface Rule {
  readonly matches: RegExp;
  /** `!`: takes back what an earlier rule left out. */
  readonly negated: boolean;
}

/** Which files of a build context stay behind, by Docker's rules: the last line that matches decides. */
export class IgnoreRules {
  readonly #rules: readonly Rule[];

  constructor(lines: readonly string[]) {
    this.#rules = lines.flatMap((line) => rule(line) ?? []);
  }

  static parse(text: string): IgnoreRules {
    return new IgnoreRules(text.replace(/^\uFEFF/, '').split(/\r?\n/));
  }

  /** Whether a path (relative, slashes, no dots) is left out. */
  ignores(path: string): boolean {
    let ignored = false;
    for (const { matches, negated } of this.#rules) if (ignored === negated && matches.test(path)) ignored = !negated;
    return ignored;
  }

  /** Whether something below an ignored directory may be taken back. */
  get hasExceptions(): boolean {
    return this.#rules.some(({ negated }) => negated);
  }
}

function rule(line: string): Rule | undefined {
  if (line.startsWith('#')) return undefined;
  const text = line.trim();
  const negated = text.startsWith('!');
  const pattern = (negated ? text.slice(1) : text)
    .trim()
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '');
  if (pattern === '' || pattern === '.') return undefined;
  return { matches: new RegExp(`^${expression(pattern)}(/.*)?$`, 's'), negated };
}

/** Go's filepath.Match, and `**` for any number of directories. */
function expression(pattern: string): string {
  let result = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] as string;
    if (char === '*' && pattern[index + 1] === '*') {
      const slash = pattern[index + 2] === '/';
      result += slash ? '(.*/)?' : '.*';
      index += slash ? 2 : 1;
    } else if (char === '*') result += '[^/]*';
    else if (char === '?') result += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', index + 2);
      if (end < 0) result += '\\[';
      else {
        result += `[${pattern.slice(index + 1, end).replaceAll('\\', '\\\\')}]`;
        index = end;
      }
    } else if (char === '\\' && index + 1 < pattern.length) {
      index += 1;
      result += escape(pattern[index] as string);
    } else result += escape(char);
  }
  return result;
}

function escape(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}
