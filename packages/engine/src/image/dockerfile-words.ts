import { PouchError } from '@pouch/base';
import { replacePattern, trimPattern } from './shell-pattern.ts';

/** Variables that a Dockerfile instruction may refer to. */
export type Environment = ReadonlyMap<string, string>;

/** What `# escape=` may say. */
export type EscapeCharacter = '\\' | '`';

/**
 * The words of an instruction's arguments: separated by blanks that are neither quoted nor escaped. Quotes and escapes stay
 * in, for `expandWord` to resolve.
 */
export function splitWords(text: string, escape: EscapeCharacter = '\\'): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let started = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quote === '' && /\s/.test(char)) {
      if (started) words.push(word);
      [word, started] = ['', false];
      continue;
    }
    started = true;
    word += char;
    if (char === escape && quote !== "'" && at + 1 < text.length) {
      at += 1;
      word += text[at] as string;
    } else if (quote === '' ? char === '"' || char === "'" : char === quote) {
      quote = quote === '' ? char : '';
    }
  }
  if (quote !== '')
    throw new PouchError('invalid-argument', `unexpected end of statement while looking for matching ${quote}`);
  if (started) words.push(word);
  return words;
}

/**
 * A word with quotes removed, escapes resolved, and variables replaced: `$NAME`, `${NAME}`, and with `:-`, `:+`, `:?` (or
 * without the colon) the forms for unset ones; `#`, `##`, `%`, `%%` and `/`, `//` as a POSIX shell and BuildKit have them.
 */
export function expandWord(word: string, environment: Environment, escape: EscapeCharacter = '\\'): string {
  let out = '';
  let quote = '';
  for (let at = 0; at < word.length; at += 1) {
    const char = word[at] as string;
    if (char === "'" && quote !== '"') {
      quote = quote === "'" ? '' : "'";
    } else if (char === '"' && quote !== "'") {
      quote = quote === '"' ? '' : '"';
    } else if (char === escape && quote !== "'") {
      const next = word[at + 1];
      // Inside double quotes the escape character escapes only what would otherwise be special.
      if (next === undefined) out += char;
      else if (quote === '"' && !['"', '$', escape].includes(next)) out += char + next;
      else out += next;
      at += 1;
    } else if (char === '$' && quote !== "'") {
      const { value, length } = expandVariable(word.slice(at + 1), environment, escape);
      out += value;
      at += length;
    } else {
      out += char;
    }
  }
  return out;
}

/** The value of the variable at the start of `rest` (behind the dollar sign), and how many characters it took. */
function expandVariable(
  rest: string,
  environment: Environment,
  escape: EscapeCharacter,
): { value: string; length: number } {
  const plain = /^(?:[A-Za-z_]\w*|[0-9@*#])/.exec(rest);
  if (plain) return { value: environment.get(plain[0]) ?? '', length: plain[0].length };
  if (!rest.startsWith('{')) return { value: '$', length: 0 };
  const end = closingBrace(rest, escape);
  const inside = rest.slice(1, end);
  const match = /^([A-Za-z_]\w*|[0-9@*#])(?:(:?[-+?]|##?|%%?|\/\/?)(.*))?$/s.exec(inside);
  if (!match) throw new PouchError('invalid-argument', `unsupported modifier in substitution: \${${inside}}`);
  const [, name = '', modifier = '', argument = ''] = match;
  return { value: modified(name, modifier, argument, environment, escape), length: end + 1 };
}

function modified(
  name: string,
  modifier: string,
  argument: string,
  environment: Environment,
  escape: EscapeCharacter,
): string {
  const set = environment.get(name);
  const expand = (text: string): string => expandWord(text, environment, escape);
  const present = modifier.startsWith(':') ? set !== undefined && set !== '' : set !== undefined;
  switch (modifier.replace(':', '')) {
    case '-':
      return present ? (set ?? '') : expand(argument);
    case '+':
      return present ? expand(argument) : '';
    case '?':
      if (present) return set ?? '';
      throw new PouchError(
        'invalid-argument',
        `${name}: ${argument === '' ? 'is not allowed to be unset' : expand(argument)}`,
      );
    case '#':
    case '##':
    case '%':
    case '%%':
      return trimPattern(set ?? '', expand(argument), modifier as '#' | '##' | '%' | '%%');
    case '/':
    case '//': {
      const at = argument.search(/(?<!\\)\//);
      const pattern = at < 0 ? argument : argument.slice(0, at);
      const replacement = at < 0 ? '' : expand(argument.slice(at + 1));
      return replacePattern(set ?? '', expand(pattern), replacement, modifier === '//');
    }
    default:
      return set ?? '';
  }
}

function closingBrace(text: string, escape: EscapeCharacter): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === escape) at += 1;
    else if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new PouchError('invalid-argument', `syntax error: missing '}' in "$${text}"`);
}
