import { open } from 'node:fs/promises';

const BLOCK = 64 * 1024;

/** Where the last `wanted` lines of a file begin, and how many lines there are behind that point (at most `wanted`). */
export async function tailOffset(path: string, wanted: number): Promise<{ offset: number; lines: number }> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (wanted === 0) return { offset: size, lines: 0 };
    const buffer = Buffer.allocUnsafe(BLOCK);
    let lines = 0;
    let end = size;
    while (end > 0) {
      const start = Math.max(0, end - BLOCK);
      await handle.read(buffer, 0, end - start, start);
      for (let index = end - start - 1; index >= 0; index -= 1) {
        // The newline at the very end closes the last line; each one before it begins another.
        if (buffer[index] !== 10 || start + index === size - 1) continue;
        lines += 1;
        if (lines === wanted) return { offset: start + index + 1, lines };
      }
      end = start;
    }
    return { offset: 0, lines: size > 0 ? lines + 1 : 0 };
  } finally {
    await handle.close();
  }
}

export async function countLines(stream: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of stream) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
