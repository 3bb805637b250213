/** Docker's bound: a longer line is logged in pieces of this many bytes. */
export const MAX_LINE = 16 * 1024;

export interface Line {
  readonly data: Uint8Array;
  /** False for a piece of a line that goes on in the next entry. */
  readonly complete: boolean;
}

/**
 * Cut the front of `bytes` into log lines. What is left behind `consumed` is an unfinished line that must be offered
 * again with more behind it; at the end of the stream (`final`) nothing is left.
 */
export function splitLines(bytes: Uint8Array, final: boolean): { lines: Line[]; consumed: number } {
  const lines: Line[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (end - start > MAX_LINE) {
      const cut = characterStart(bytes, start + MAX_LINE, start);
      lines.push({ data: bytes.subarray(start, cut), complete: false });
      start = cut;
    } else if (newline >= 0) {
      lines.push({ data: bytes.subarray(start, end), complete: true });
      start = end;
    } else if (final || end - start === MAX_LINE) {
      lines.push({ data: bytes.subarray(start, end), complete: false });
      start = end;
    } else break;
  }
  return { lines, consumed: start };
}

/** The start of the UTF-8 character that `at` falls into, or `at` where the bytes are not UTF-8. */
function characterStart(bytes: Uint8Array, at: number, floor: number): number {
  for (let index = at; index > Math.max(floor, at - 4); index -= 1) {
    if (((bytes[index] as number) & 0xc0) !== 0x80) return index;
  }
  return at;
}
