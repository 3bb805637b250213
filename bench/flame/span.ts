import { median } from '../measure.ts';

/** Something that took time: begin and end in milliseconds. */
export interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/** Spans of the same name get their number, so that the same step of several runs has the same name. */
export function numbered(spans: readonly Span[]): Span[] {
  const seen = new Map<string, number>();
  return [...spans]
    .sort((a, b) => a.begin - b.begin)
    .map((span) => {
      const count = (seen.get(span.name) ?? 0) + 1;
      seen.set(span.name, count);
      return count === 1 ? span : { ...span, name: `${span.name} (${count})` };
    });
}

/** One time line of many: the medians of each step that at least half of them have. */
export function medianSpans(runs: readonly (readonly Span[])[]): Span[] {
  const steps = new Map<string, Span[]>();
  for (const span of runs.flat()) {
    const step = steps.get(span.name);
    if (step) step.push(span);
    else steps.set(span.name, [span]);
  }
  return [...steps]
    .filter(([, spans]) => spans.length * 2 >= runs.length)
    .map(([name, spans]) => {
      const begin = median(spans.map((span) => span.begin));
      return { name, begin, end: begin + median(spans.map((span) => span.end - span.begin)) };
    })
    .sort((a, b) => a.begin - b.begin || b.end - a.end);
}

const WIDTH = 60;

/** A line of text for each span: name, bar, begin and length in milliseconds. */
export function drawSpans(spans: readonly Span[]): string {
  const last = Math.max(...spans.map(({ end }) => (Number.isFinite(end) ? end : 0)));
  const column = (at: number): number => Math.round((Math.min(Math.max(at, 0), last) / last) * WIDTH);
  const names = Math.max(...spans.map(({ name }) => name.length)) + 2;
  const lines = spans.map(({ name, begin, end }) => {
    const bar = '█'.repeat(Math.max(1, column(end) - column(begin)));
    const took = Number.isFinite(end) ? (end - begin).toFixed(1) : 'stays';
    return `${name.padEnd(names)}${(' '.repeat(column(begin)) + bar).padEnd(WIDTH + 2)}${begin.toFixed(1).padStart(7)}${took.padStart(8)}`;
  });
  return [`${''.padEnd(names + WIDTH + 2)}${'at ms'.padStart(7)}${'ms'.padStart(8)}`, ...lines].join('\n');
}
