import { PouchError } from '@pouch/base';

const MAX_LINE = 64 * 1024 * 1024;

/** The JSON values of a body that carries one per line (progress, events, statistics). */
export async function* jsonLines<T>(body: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = text.slice(start, end).trim();
      start = end + 1;
      if (line) yield* parse<T>(line);
    }
    text = text.slice(start);
    if (text.length > MAX_LINE) throw new PouchError('upstream', 'The daemon sent an endless line.');
  }
  text += decoder.decode();
  if (text.trim()) yield* parse<T>(text.trim());
}

/** A line is one value; some daemons glue several together without a line break. */
function* parse<T>(line: string): Generator<T> {
  try {
    yield JSON.parse(line) as T;
  } catch (error) {
    const parts = line.split(/(?<=\})(?=\{)/);
    if (parts.length < 2)
      throw new PouchError('upstream', 'The daemon sent a malformed JSON stream.', { cause: error });
    yield* joinParts<T>(parts);
  }
}

function* joinParts<T>(parts: readonly string[]): Generator<T> {
  let text = '';
  for (const part of parts) {
    text += part;
    try {
      yield JSON.parse(text) as T;
      text = '';
    } catch {
      // A brace pair inside a string: the value goes on in the next part.
    }
  }
  if (text) throw new PouchError('upstream', 'The daemon sent a malformed JSON stream.');
}
