import { stripVTControlCharacters } from 'node:util';
import { type BuildStep, isCancelled, type StepCount } from '@pouch/builder';
import { humanSize } from '../output/human.ts';
import { LiveRegion } from '../output/live-region.ts';
import type { Output } from '../output/output.ts';
import type { OpenBuildView } from './open-build-view.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;
/** Lines below a step that runs, at most; and lines that are kept, to be shown when it fails. */
const WINDOW = 6;
const KEPT = 500;
/** Milliseconds below which a step of BuildKit's own is not worth a line. */
const BRIEF = 1000;

/** Milliseconds that a step which ended stays below: some go on a moment later. */
const SETTLING = 400;

interface Row {
  step: BuildStep;
  readonly lines: string[];
  readonly counts: Map<string, StepCount>;
}

/**
 * A build on a terminal. Steps that have ended stand above, each with its time; those that run are drawn anew below, with the
 * last lines of what they write, as many as there is room for. Of a step that fails everything stays.
 */
export class StepsScreen implements OpenBuildView {
  readonly #output: Output;
  readonly #region: LiveRegion;
  /** Steps that run, or ended a moment ago. */
  readonly #rows = new Map<number, Row>();
  readonly #failed: Row[] = [];
  readonly #timer: NodeJS.Timeout;
  #frame = 0;

  constructor(output: Output) {
    this.#output = output;
    this.#region = new LiveRegion(output);
    this.#timer = setInterval(() => {
      this.#frame += 1;
      this.#settle(Date.now() - SETTLING);
      this.#draw();
    }, FRAME_MS).unref();
  }

  begun(step: BuildStep): void {
    const known = this.#rows.get(step.number);
    if (known) known.step = step;
    else this.#rows.set(step.number, { step, lines: [], counts: new Map() });
  }

  line({ number }: BuildStep, text: string): void {
    const lines = this.#rows.get(number)?.lines;
    if (!lines) return;
    lines.push(clean(text));
    if (lines.length > KEPT) lines.shift();
  }

  count({ number }: BuildStep, count: StepCount): void {
    this.#rows.get(number)?.counts.set(count.id, count);
  }

  ended(step: BuildStep): void {
    const row = this.#rows.get(step.number);
    if (!row) return;
    row.step = step;
    if (step.error === undefined) return;
    this.#rows.delete(step.number);
    // What was given up because of another's failure has nothing to say.
    if (!isCancelled(step.error)) this.#failed.push(row);
  }

  warning(text: string): void {
    this.#above([fit(`${this.#paint('33', '!')} ${clean(text)}`)]);
  }

  failed(): void {
    for (const { step, lines } of this.#failed.splice(0)) {
      const shown = lines.length > 0 ? lines : [clean(step.error ?? '')];
      const head = this.#head(this.#paint('31', '✗'), step.name, seconds(step.elapsed));
      this.#above([head, ...shown.map((line) => `  ${line}`)]);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#settle(Number.POSITIVE_INFINITY);
    this.#region.erase();
  }

  /** Steps that ended before that time have ended for good. */
  #settle(before: number): void {
    const ended: string[] = [];
    for (const [number, { step }] of this.#rows) {
      if (step.completed === undefined || step.completed > before) continue;
      this.#rows.delete(number);
      if (!isBrief(step)) ended.push(this.#ended(step));
    }
    if (ended.length > 0) this.#above(ended);
  }

  #ended({ name, cached, elapsed }: BuildStep): string {
    return this.#head(this.#paint('32', '✓'), name, cached ? 'cached' : seconds(elapsed));
  }

  /** Lines that stay. */
  #above(lines: readonly string[]): void {
    this.#region.above(lines);
    this.#draw();
  }

  #draw(): void {
    const lines = this.#lines();
    if (lines.length > 0 || this.#region.isDrawn) this.#region.draw(lines);
  }

  #lines(): string[] {
    const rows = [...this.#rows.values()].filter(({ step }) => step.completed === undefined || !isBrief(step));
    const room = Math.max(2, (process.stderr.rows || process.stdout.rows || 24) - 2);
    const shown = rows.slice(0, room);
    const each = Math.min(WINDOW, Math.max(0, Math.floor((room - shown.length) / Math.max(1, shown.length))));
    return shown.flatMap((row) => this.#row(row, each));
  }

  #row({ step, lines, counts }: Row, room: number): string[] {
    if (step.completed !== undefined) return [this.#ended(step)];
    const frame = this.#paint('36', FRAMES[this.#frame % FRAMES.length] ?? '');
    const counted = [...counts.values()].filter(({ done }) => !done).map(countLine);
    const below = (lines.length > 0 ? lines : counted).slice(room === 0 ? Infinity : -room);
    return [
      this.#head(frame, step.name, seconds(step.elapsed + Date.now() - step.started)),
      ...below.map((line) => this.#paint('2', fit(`    ${line}`))),
    ];
  }

  /** A mark of one column, a text and a note at the right edge. The last column stays free: some terminals would wrap. */
  #head(mark: string, text: string, note: string): string {
    const room = columns() - 4 - Array.from(note).length;
    const name = Array.from(clean(text)).slice(0, room).join('').padEnd(room);
    return `${mark} ${name} ${this.#paint('2', note)}`;
  }

  #paint(code: string, text: string): string {
    return this.#output.color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Whether a step is one of BuildKit's own that took no time. */
function isBrief({ name, elapsed }: BuildStep): boolean {
  return /^\[(?:internal|auth)\b/.test(name) && elapsed < BRIEF;
}

function countLine({ id, current, total }: StepCount): string {
  if (current === 0) return clean(id);
  return `${clean(id)} ${humanSize(current)}${total > 0 ? ` of ${humanSize(total)}` : ''}`;
}

/** Colours and the movements of a cursor have no place in a window of lines. */
function clean(line: string): string {
  const visible = line.split('\r').findLast((part) => part !== '') ?? '';
  return stripVTControlCharacters(visible).replace(/[\t\n]/g, ' ');
}

/** A line that wraps would upset the count of lines. */
function fit(text: string): string {
  return Array.from(text)
    .slice(0, columns() - 1)
    .join('');
}

function columns(): number {
  return process.stderr.columns || process.stdout.columns || 80;
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)}s`;
}
