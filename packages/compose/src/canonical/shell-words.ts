/** A command in one text has a quote that is not closed. */
export class ShellWordsError extends Error {
  override readonly name = 'ShellWordsError';
}

/** Split a command as a shell would, without expanding anything: blanks, quotes and backslashes. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] as string;
    if (char === "'" || char === '"') {
      const [content, end] = quoted(text, index);
      word = (word ?? '') + content;
      index = end;
    } else if (char === '\\') {
      index += 1;
      if (text[index] !== '\n') word = (word ?? '') + (text[index] ?? '');
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The content of a quoted piece, and where its closing quote stands. */
function quoted(text: string, start: number): [string, number] {
  const quote = text[start];
  let content = '';
  for (let index = start + 1; index < text.length; index += 1) {
    const char = text[index] as string;
    if (char === quote) return [content, index];
    if (char === '\\' && quote === '"' && /["\\$`]/.test(text[index + 1] ?? '')) {
      index += 1;
      content += text[index];
    } else content += char;
  }
  throw new ShellWordsError(`a ${quote === '"' ? 'double' : 'single'} quote is not closed in: ${text}`);
}
