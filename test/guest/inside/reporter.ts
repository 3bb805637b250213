import type { TestEvent } from 'node:test/reporters';
import { relative } from 'node:path';
import type { GuestEvent } from '../guest-event.ts';

/** A reporter for `node --test`, whose lines are `GuestEvent`s. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const around: string[] = [];
  for await (const event of source) {
    const told = eventOf(event, around);
    if (told) yield `${JSON.stringify(told)}\n`;
  }
}

/** `around`: the names of the tests that have begun and not ended, by how deep they are; kept here. */
function eventOf(event: TestEvent, around: string[]): GuestEvent | undefined {
  if (event.type === 'test:start') {
    around.length = event.data.nesting;
    around.push(event.data.name);
    return undefined;
  }
  if (event.type === 'test:stderr' || event.type === 'test:stdout') return { kind: 'said', text: event.data.message };
  if (event.type === 'test:diagnostic' && event.data.nesting > 0)
    return { kind: 'said', text: `${event.data.message}\n` };
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return undefined;
  const { name, nesting, file = '', details } = event.data;
  if (details.type === 'suite' && event.type === 'test:pass') return undefined;
  const { skip } = event.data;
  const skipped = skip !== undefined && skip !== false;
  const detail = skipped ? String(skip) : event.type === 'test:fail' ? describe(event.data.details.error) : '';
  // What is around a failed test says nothing more.
  if (detail === '') return base('passed');
  return detail === SUBTESTS ? undefined : base(skipped ? 'skipped' : 'failed');

  function base(outcome: 'passed' | 'failed' | 'skipped'): GuestEvent {
    const path = around.slice(0, nesting);
    const milliseconds = Math.round(details.duration_ms);
    return { kind: 'test', name, path, file: relative(process.cwd(), file), outcome, milliseconds, detail };
  }
}

const SUBTESTS = '\0';

function describe(error: Error & { failureType?: string }): string {
  if (error.failureType === 'subtestsFailed') return SUBTESTS;
  const cause: unknown = error.cause ?? error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  const lines = text.split('\n').filter((line) => !/^\s+at .*\(?node:/.test(line));
  return lines.slice(0, 60).join('\n');
}
