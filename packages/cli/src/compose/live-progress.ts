import type { Progress, StepState } from '@pouch/compose';
import { LiveRegion } from '../output/live-region.ts';
import type { Output } from '../output/output.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
const KEPT_LINES = 200;

interface Row {
  readonly id: string;
  status: string;
  state: StepState;
  note: string;
  readonly since: number;
  until: number;
  /** The last lines of a build, shown whole only when it fails. */
  readonly lines: string[];
}

/**
 * The steps of a command on a terminal: a line per thing, drawn again in place ten times a second at most. What does not
 * fit the terminal's height is counted instead: what is still going on stays in sight.
 */
export class LiveProgress implements Progress, Disposable {
  readonly #output: Output;
  readonly #region: LiveRegion;
  readonly #title: string;
  readonly #rows = new Map<string, Row>();
  readonly #begin = Date.now();
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output, title: string) {
    this.#output = output;
    this.#region = new LiveRegion(output);
    this.#title = title;
  }

  step(id: string, status: string, state: StepState, note = ''): void {
    const now = Date.now();
    const known = this.#rows.get(id);
    const row = known ?? { id, status, state, note, since: now, until: 0, lines: [] };
    row.status = status;
    row.state = state;
    row.note = note;
    row.until = state === 'working' ? 0 : now;
    this.#rows.set(id, row);
    this.#timer ??= setInterval(() => {
      this.#frame += 1;
      this.#draw();
    }, FRAME_MS).unref();
    if (!known) this.#draw();
    if (state === 'error' && row.lines.length > 0) {
      this.#above(row.lines.map((line) => `    ${line}`));
      row.lines.length = 0;
    }
  }

  output(id: string, line: string): void {
    const row = this.#rows.get(id);
    if (!row) return this.#above([line]);
    row.lines.push(line);
    if (row.lines.length > KEPT_LINES) row.lines.shift();
    row.note = line.trim();
  }

  warn(message: string): void {
    this.#above([`${this.#paint('33', 'WARN')} ${message}`]);
  }

  #above(lines: readonly string[]): void {
    this.#region.above(lines);
    this.#draw();
  }

  #draw(final = false): void {
    if (this.#rows.size === 0) return;
    this.#region.draw(this.#lines(final));
  }

  #lines(final: boolean): string[] {
    const rows = [...this.#rows.values()];
    const done = rows.filter(({ state }) => state !== 'working').length;
    const columns = Math.max(40, process.stderr.columns || process.stdout.columns || 80);
    const room = final ? rows.length : Math.max(3, (process.stderr.rows || process.stdout.rows || 24) - 3);
    const head = `${this.#title} ${done}/${rows.length}`;
    const shown =
      rows.length <= room
        ? rows
        : [...rows.filter(({ state }) => state !== 'done'), ...rows.filter(({ state }) => state === 'done')].slice(
            0,
            room - 1,
          );
    const width = Math.min(Math.max(...shown.map(({ id }) => id.length)), Math.floor(columns / 2));
    const lines = shown.map((row) => this.#line(row, width, columns));
    const hidden = rows.length - shown.length;
    return [
      right(head, seconds(Date.now() - this.#begin), columns),
      ...lines,
      ...(hidden > 0 ? [`   and ${hidden} more`] : []),
    ];
  }

  #line({ id, status, state, note, since, until }: Row, width: number, columns: number): string {
    const time = seconds((until || Date.now()) - since);
    const mark = { working: FRAMES[this.#frame % FRAMES.length] ?? '', done: '✔', warning: '!', error: '✘' }[state];
    const color = { working: '36', done: '32', warning: '33', error: '31' }[state];
    const text = fit(
      ` ${fit(id, width).padEnd(width)}  ${status}${note ? `  ${note}` : ''}`,
      columns - time.length - 4,
    );
    const plain = right(` ${mark}${text}`, time, columns);
    return this.#output.color ? plain.replace(mark, `\u001b[${color}m${mark}\u001b[0m`) : plain;
  }

  #paint(color: string, text: string): string {
    return this.#output.color ? `\u001b[${color}m${text}\u001b[0m` : text;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#region.erase();
    this.#draw(true);
    this.#region.keep();
    this.#rows.clear();
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}s`;
}

function fit(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** The text, and another at the right edge; one column stays free, where some terminals would wrap. */
function right(text: string, end: string, columns: number): string {
  const gap = columns - 1 - Array.from(text).length - end.length;
  return `${text}${' '.repeat(Math.max(1, gap))}${end}`;
}
