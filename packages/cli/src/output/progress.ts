import type { JSONMessage } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { humanSize } from './human.ts';
import type { Output } from './output.ts';

/**
 * Show a stream of progress lines: on a terminal, a line per layer that is redrawn in place; elsewhere, each change of
 * status once. Throws the failure that the stream reports. Returns the values that came as `aux`.
 */
export async function showProgress(
  stream: AsyncIterable<JSONMessage>,
  output: Output | undefined,
): Promise<readonly unknown[]> {
  const aux: unknown[] = [];
  const screen = output?.isTerminal ? new LayerScreen(output) : undefined;
  for await (const message of stream) {
    if (message.error !== undefined || message.errorDetail) {
      throw new PouchError(
        'upstream',
        message.errorDetail?.message || message.error || 'the daemon reported a failure',
        {
          details: { stream: true },
        },
      );
    }
    if (message.aux !== undefined) aux.push(message.aux);
    else if (screen) screen.show(message);
    else if (output) plain(output, message);
  }
  return aux;
}

function plain(output: Output, message: JSONMessage): void {
  if (message.progressDetail?.current !== undefined || (message.progress ?? '') !== '') return;
  if (message.stream !== undefined) output.write(message.stream);
  else if (message.status !== undefined) output.write(`${message.id ? `${message.id}: ` : ''}${message.status}\n`);
}

/** A line per id; the cursor rests below the last one. */
class LayerScreen {
  readonly #output: Output;
  #ids: string[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  show(message: JSONMessage): void {
    if (message.stream !== undefined) {
      this.#output.write(message.stream);
      return;
    }
    const text = lineText(message);
    if (!message.id || (message.progressDetail === undefined && (message.progress ?? '') === '')) {
      // Not a layer: a line of its own, below which new layers start.
      this.#ids = [];
      this.#output.write(`${text}\n`);
      return;
    }
    let row = this.#ids.indexOf(message.id);
    let draw = '';
    if (row < 0) {
      row = this.#ids.push(message.id) - 1;
      draw = '\n';
    }
    const up = this.#ids.length - row;
    this.#output.write(`${draw}\u001b[${up}A\u001b[2K\r${fit(text)}\u001b[${up}B\r`);
  }
}

function lineText(message: JSONMessage): string {
  const status = `${message.id ? `${message.id}: ` : ''}${message.status ?? ''}`;
  const bar = progressBar(message);
  return bar ? `${status} ${bar}` : status;
}

const ROOM_FOR_TEXT = 50;

function progressBar(message: JSONMessage): string {
  const detail = message.progressDetail;
  const current = detail?.current ?? 0;
  const total = detail?.total ?? 0;
  if (current <= 0 && total <= 0) return '';
  if (detail?.units) return `${current}${total > 0 ? `/${total}` : ''} ${detail.units}`;
  if (total <= 0) return humanSize(current);
  const width = Math.max(10, Math.min(50, columns() - ROOM_FOR_TEXT - 10));
  const filled = Math.min(width, Math.floor((current / total) * width));
  const bar = filled < width ? `${'='.repeat(filled)}>${' '.repeat(width - filled - 1)}` : '='.repeat(width);
  const counts = `${humanSize(current).padStart(7)}/${humanSize(total)}`;
  return columns() > ROOM_FOR_TEXT + 20 ? `[${bar}] ${detail?.hidecounts ? '' : counts}` : counts;
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
