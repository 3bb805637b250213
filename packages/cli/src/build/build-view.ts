import { PlainView } from '@pouch/builder';
import type { Output } from '../output/output.ts';
import type { OpenBuildView } from './open-build-view.ts';
import { StepsScreen } from './steps-screen.ts';

/** `style` is auto, plain, tty or quiet. */
export function openBuildView(output: Output, style: string): OpenBuildView {
  const wanted = style === 'auto' ? process.env['BUILDKIT_PROGRESS'] || 'auto' : style;
  if (wanted === 'quiet') return new LinesView(() => {});
  const isLive = wanted === 'tty' || (wanted === 'auto' && output.isTerminal && process.env['TERM'] !== 'dumb');
  if (isLive) return new StepsScreen(output);
  return new LinesView((line) => output.write(`${line}\n`));
}

class LinesView extends PlainView implements OpenBuildView {
  failed(): void {}

  [Symbol.dispose](): void {}
}
