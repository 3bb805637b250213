import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Output } from '../output/output.ts';
import { LiveProgress } from './live-progress.ts';

/** A terminal of which the text is kept. */
class Screen extends Output {
  text = '';

  constructor() {
    super(2);
  }

  override get isTerminal(): boolean {
    return true;
  }

  override get color(): boolean {
    return false;
  }

  override write(data: string | Uint8Array): void {
    this.text += String(data);
  }

  /** What stands on it: the cursor's moves carried out. */
  get lines(): string[] {
    const lines: string[] = [];
    let row = 0;
    for (const part of this.text.split(/(\u001b\[\d*[AJK]|\r|\n)/)) {
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up) row -= Number(up[1]);
      else if (part === '\u001b[J') lines.length = Math.min(lines.length, row);
      else if (part === '\u001b[2K') lines[row] = '';
      else if (part === '\n') row += 1;
      else if (part !== '\r' && part !== '') lines[row] = (lines[row] ?? '') + part;
    }
    return lines;
  }
}

test('a line per thing, drawn in place, within 80 columns', () => {
  const screen = new Screen();
  {
    using progress = new LiveProgress(screen, 'Starting');
    progress.step('Network a', 'Creating', 'working');
    progress.step(`Container ${'long'.repeat(30)}`, 'Starting', 'working', 'x'.repeat(200));
    progress.step('Network a', 'Created', 'done');
    progress.warn('mind this');
  }
  const { lines } = screen;
  assert.equal(lines[0], 'WARN mind this');
  assert.match(lines[1] ?? '', /^Starting 1\/2 +\d+\.\ds$/);
  assert.match(lines[2] ?? '', /^ ✔ Network a +Created +\d+\.\ds$/);
  assert.equal(lines.length, 4);
  for (const line of lines) assert.ok(Array.from(line).length < 80, line);
});

test('the output of a build is shown whole only when it fails', () => {
  const screen = new Screen();
  {
    using progress = new LiveProgress(screen, 'Building');
    progress.step('Image a', 'Building', 'working');
    progress.output('Image a', 'Step 1');
    progress.output('Image a', 'boom');
    progress.step('Image a', 'Error', 'error', 'exit 1');
  }
  assert.deepEqual(screen.lines.slice(0, 2), ['    Step 1', '    boom']);
});

test('more things than lines are counted', () => {
  const screen = new Screen();
  {
    const progress = new LiveProgress(screen, 'Pulling');
    for (let index = 0; index < 60; index += 1) progress.step(`Image ${index}`, 'Pulled', 'done');
    progress.step('Image late', 'Pulling', 'working');
    assert.ok(screen.lines.length <= 24, String(screen.lines.length));
    assert.match(screen.lines.join('\n'), /Image late +Pulling/);
    assert.match(screen.lines.at(-1) ?? '', /and \d+ more/);
    progress[Symbol.dispose]();
  }
  assert.equal(screen.lines.length, 62);
});
