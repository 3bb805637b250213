const MIN_WIDTH = 10;
const PADDING = 3;

/** Rows as columns: each at least ten wide and three apart, the last as long as it is (Docker's layout). */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? MIN_WIDTH, width(cell) + PADDING);
    });
  }
  return rows
    .map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : padTo(cell, widths[column] ?? 0))).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function width(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}
