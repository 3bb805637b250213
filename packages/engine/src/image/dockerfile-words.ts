import { PouchError } from '@pouch/base';

/** Variables that a Dockerfile instruction may refer to. */
export type Environment = ReadonlyMap<string, string>;

/**
 * The words of an instruction's arguments: separated by blanks that are neither quoted nor escaped. Quotes and escapes stay
 * in, for `expandWord` to resolve.
 */
export function splitWords(text: string): string[] {
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
    if (char === '\\' && quote !== "'" && at + 1 < text.length) {
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

/** A word with quotes removed, escapes resolved, and `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}` replaced. */
export function expandWord(word: string, environment: Environment): string {
  let out = '';
  let quote = '';
  for (let at = 0; at < word.length; at += 1) {
    const char = word[at] as string;
    if (char === "'" && quote !== '"') {
      quote = quote === "'" ? '' : "'";
    } else if (char === '"' && quote !== "'") {
      quote = quote === '"' ? '' : '"';
    } else if (char === '\\' && quote !== "'") {
      const next = word[at + 1];
      // Inside double quotes a backslash escapes only what would otherwise be special.
      if (next === undefined) out += char;
      else if (quote === '"' && !['"', '$', '\\'].includes(next)) out += char + next;
      else out += next;
      at += 1;
    } else if (char === '$' && quote !== "'") {
      const { value, length } = expandVariable(word.slice(at + 1), environment);
      out += value;
      at += length;
    } else {
      out += char;
    }
  }
  return out;
}

/** The value of the variable at the start of `rest` (behind the dollar sign), and how many characters it took. */
function expandVariable(rest: string, environment: Environment): { value: string; length: number } {
  const plain = /^(?:[A-Za-z_]\w*|[0-9@*#])/.exec(rest);
  if (plain) return { value: environment.get(plain[0]) ?? '', length: plain[0].length };
  if (!rest.startsWith('{')) return { value: '$', length: 0 };
  const end = closingBrace(rest);
  const inside = rest.slice(1, end);
  const match = /^([A-Za-z_]\w*)(?:(:?[-+?])(.*))?$/s.exec(inside);
  if (!match) throw new PouchError('invalid-argument', `unsupported modifier in substitution: \${${inside}}`);
  const [, name = '', modifier = '', word = ''] = match;
  const set = environment.get(name);
  const present = modifier.startsWith(':') ? set !== undefined && set !== '' : set !== undefined;
  let value = set ?? '';
  if (modifier.endsWith('-') && !present) value = expandWord(word, environment);
  else if (modifier.endsWith('+')) value = present ? expandWord(word, environment) : '';
  else if (modifier.endsWith('?') && !present) {
    throw new PouchError('invalid-argument', `${name}: ${word === '' ? 'is not allowed to be unset' : word}`);
  }
  return { value, length: end + 1 };
}

function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '{') depth += 1;
    else if (text[at] === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new PouchError('invalid-argument', `syntax error: missing '}' in "$${text}"`);
}
