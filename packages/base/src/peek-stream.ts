/** The first bytes of a stream, `atLeast` that many where it has them, and the whole stream, to be read once. */
export async function peekStream(
  source: AsyncIterable<Uint8Array>,
  atLeast: number,
): Promise<{ readonly head: Buffer; readonly stream: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  for (let length = 0; length < atLeast; ) {
    const next = await iterator.next();
    if (next.done) break;
    taken.push(next.value);
    length += next.value.length;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* taken;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { head: Buffer.concat(taken), stream: whole() };
}
