/** A template that cannot be read. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export type TokenKind = 'field' | 'variable' | 'word' | 'string' | 'number' | 'char' | 'dot' | 'punct' | 'space';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** A string literal's value. */
  readonly value?: string;
}

/** Text as it stands, or the tokens of an action. */
export type Piece = { readonly text: string } | { readonly action: readonly Token[]; readonly source: string };

const TOKEN =
  /(?<space>\s+)|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)|(?<char>'(?:[^'\\\n]|\\.)+')|(?<number>[+-]?(?:0[xX][\da-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$[\p{L}\p{N}_]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<dot>\.)|(?<punct>:=|=|\||\(|\)|,)/uy;

/** Split a template into text and actions; `{{-` and `-}}` trim the text beside them, comments vanish. */
export function splitTemplate(source: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  while (at <= source.length) {
    const open = source.indexOf('{{', at);
    let text = source.slice(at, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      if (text) pieces.push({ text });
      return pieces;
    }
    const trimLeft = /^\{\{-\s/.test(source.slice(open, open + 4));
    if (trimLeft) text = text.trimEnd();
    if (text) pieces.push({ text });
    const start = open + (trimLeft ? 3 : 2);
    const end = endOfAction(source, start);
    let inner = source.slice(start, end);
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    if (!/^\s*\/\*[^]*\*\/\s*$/.test(inner)) pieces.push({ action: tokens(inner), source: inner.trim() });
    at = end + 2;
  }
  return pieces;
}

function endOfAction(source: string, start: number): number {
  let quote = '';
  for (let at = start; at < source.length; at += 1) {
    const char = source[at] as string;
    if (quote) {
      if (char === '\\' && quote !== '`') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === '`' || char === "'") quote = char;
    else if (char === '}' && source[at + 1] === '}') return at;
  }
  throw new TemplateError(quote ? 'unterminated quoted string' : 'unclosed action');
}

function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    const entry = groups && Object.entries(groups).find(([, text]) => text !== undefined);
    if (!entry) throw new TemplateError(`unexpected ${JSON.stringify(source[at])} in action`);
    const [kind, text] = entry as [TokenKind, string];
    if (kind === 'string' || kind === 'char') found.push({ kind, text, value: unquote(text) });
    else found.push({ kind, text });
  }
  return found;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  return inner.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs,
    (_, hex?: string, u4?: string, u8?: string, octal?: string, char?: string) => {
      const code = hex ?? u4 ?? u8;
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES[char as string] ?? (char as string);
    },
  );
}
