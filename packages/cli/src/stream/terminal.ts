import { isTerminal } from '../output/is-terminal.ts';

export function stdinIsTerminal(): boolean {
  return isTerminal(0);
}

/** Rows and columns of our terminal, or undefined where there is none. */
export function terminalSize(): { readonly rows: number; readonly columns: number } | undefined {
  if (!isTerminal(1)) return undefined;
  const { rows, columns } = process.stdout;
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** Put the terminal in raw mode; it is put back on disposal, and however else the process ends. */
export function rawTerminal(): Disposable {
  if (!stdinIsTerminal()) return { [Symbol.dispose]: () => {} };
  const restore = (): void => void process.stdin.setRawMode(false);
  process.stdin.setRawMode(true);
  process.once('exit', restore);
  return {
    [Symbol.dispose]: () => {
      process.off('exit', restore);
      restore();
    },
  };
}

/** Call `resize` now and whenever the terminal's size changes, one call at a time. */
export function followSize(resize: (rows: number, columns: number) => Promise<void>): Disposable {
  let busy = false;
  let again = false;
  const run = async (): Promise<void> => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      const size = terminalSize();
      // A process that has just ended cannot be resized, which is no failure.
      if (size) await resize(size.rows, size.columns).catch(() => {});
    } while (again);
    busy = false;
  };
  const changed = (): void => void run();
  process.on('SIGWINCH', changed);
  changed();
  return { [Symbol.dispose]: () => void process.off('SIGWINCH', changed) };
}
