import type { JSONMessage } from '@pouch/api';
import { stripVTControlCharacters } from 'node:util';
import type { Output } from '../output/output.ts';
import { humanSize } from '../output/human.ts';

/** Lines of a running step that are shown below it. */
const WINDOW = 6;
/** Lines of a step that are kept, to be shown when it fails. */
const KEPT = 500;

const STEP = /^Step (\d+)\/(\d+) : ([\s\S]*)\n$/;

/**
 * A build on a terminal: a line for each step with its time, or that it came from the cache; below the step under way the last
 * lines that it wrote, which go when it has ended well and stay, all of them, when it has not.
 */
export class BuildScreen {
  readonly #output: Output;
  readonly #color: boolean;
  #label = '';
  #begun = 0;
  #cached = false;
  #lines: string[] = [];
  #partial = '';
  /** Lines below the step's that are on the screen. */
  #shown = 0;

  constructor(output: Output) {
    this.#output = output;
    this.#color = output.color;
  }

  show(message: JSONMessage): void {
    if (message.stream !== undefined) this.#stream(message.stream);
    else if (message.status !== undefined) this.#status(message);
  }

  /** The build has failed: what the step wrote is shown whole. */
  failed(): void {
    if (this.#label === '') return;
    this.#clear();
    this.#head(this.#paint('31', '✗'), '');
    if (this.#partial !== '') this.#lines.push(this.#partial);
    for (const line of this.#lines) this.#output.write(`  ${line}\n`);
    this.#label = '';
  }

  ended(): void {
    this.#finishStep();
  }

  #stream(text: string): void {
    const step = STEP.exec(text);
    if (step) {
      this.#finishStep();
      const width = (step[2] as string).length;
      this.#label = `[${(step[1] as string).padStart(width)}/${step[2]}] ${(step[3] as string).replace(/\s+/g, ' ')}`;
      this.#begun = Date.now();
      this.#output.write(`${this.#paint('1', fit(`  ${this.#label}`))}\n`);
      return;
    }
    if (text === ' ---> Using cache\n') this.#cached = true;
    else if (/^ ---> (?:Running in |Removed intermediate container )?[0-9a-f]{12}\n$/.test(text)) return;
    else if (/^Successfully (?:built|tagged) /.test(text)) {
      this.#finishStep();
      this.#output.write(text);
    } else if (this.#label === '') this.#output.write(text);
    else this.#append(text);
  }

  #append(text: string): void {
    const parts = `${this.#partial}${text}`.split('\n');
    this.#partial = parts.pop() ?? '';
    if (parts.length === 0) return;
    for (const part of parts) this.#lines.push(clean(part));
    if (this.#lines.length > KEPT) this.#lines.splice(0, this.#lines.length - KEPT);
    this.#draw(this.#lines.slice(-WINDOW));
  }

  #status({ id, status = '', progressDetail }: JSONMessage): void {
    const current = progressDetail?.current;
    const total = progressDetail?.total ?? 0;
    const count = current === undefined ? '' : ` ${humanSize(current)}${total > 0 ? ` of ${humanSize(total)}` : ''}`;
    const line = `${id ? `${id}: ` : ''}${status}${count}`;
    if (this.#label === '') this.#output.write(`${line}\n`);
    else this.#draw([line]);
  }

  #draw(lines: readonly string[]): void {
    this.#clear();
    for (const line of lines) this.#output.write(`${this.#paint('2', fit(`      ${line}`))}\n`);
    this.#shown = lines.length;
  }

  #clear(): void {
    if (this.#shown > 0) this.#output.write(`\u001b[${this.#shown}A\u001b[0J`);
    this.#shown = 0;
  }

  #finishStep(): void {
    if (this.#label === '') return;
    this.#clear();
    const seconds = `${((Date.now() - this.#begun) / 1000).toFixed(1)}s`;
    this.#head(this.#paint('32', '✓'), this.#cached ? 'cached' : seconds);
    this.#label = '';
    this.#cached = false;
    this.#lines = [];
    this.#partial = '';
  }

  /** The step's own line again, with a mark before and a note behind it. */
  #head(mark: string, note: string): void {
    const room = columns() - note.length - 4;
    const label = Array.from(this.#label).slice(0, room).join('').padEnd(room);
    this.#output.write(`\u001b[1A\u001b[2K\r${mark} ${label} ${this.#paint('2', note)}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#color ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}

/** Colours and the movements of a cursor have no place in a window of lines. */
function clean(line: string): string {
  const visible = line.split('\r').findLast((part) => part !== '') ?? '';
  return stripVTControlCharacters(visible).replace(/\t/g, '    ');
}

/** A line that wraps would upset the count of lines. */
function fit(text: string): string {
  return Array.from(text)
    .slice(0, columns() - 1)
    .join('');
}

function columns(): number {
  return process.stdout.columns || process.stderr.columns || 80;
}
