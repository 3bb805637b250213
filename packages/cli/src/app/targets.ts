import type { Context } from './context.ts';
import { describeError, ExitError } from './errors.ts';

const AT_ONCE = 16;

/**
 * Do something to each named object, several at once, and print each name in the order given when it succeeded. What
 * failed is told on standard error; then the exit code is 1.
 */
export async function forEachTarget(
  context: Context,
  names: readonly string[],
  action: (name: string) => Promise<string | void>,
): Promise<number> {
  const failures: string[] = [];
  const waiting = names.map((name) => ({ name, started: Promise.withResolvers<void>() }));
  const results = waiting.map(async ({ name, started }) => {
    await started.promise;
    return await action(name);
  });
  for (const result of results) result.catch(() => {});
  let next = 0;
  const startNext = (): void => waiting[next++]?.started.resolve();
  for (let index = 0; index < AT_ONCE; index += 1) startNext();
  for (const [index, { name }] of waiting.entries()) {
    try {
      const text = await results[index];
      context.print(text ?? name);
    } catch (error) {
      failures.push(describeError(error));
    }
    startNext();
  }
  for (const failure of failures) context.warn(failure);
  return failures.length > 0 ? 1 : 0;
}

/** Read one line of standard input; undefined at its end. */
export async function readLine(): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of process.stdin) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end).replace(/\r$/, '');
  }
  return text === '' ? undefined : text;
}

/** Ask before something is removed for good. Without an answer nothing is. */
export async function confirm(context: Context, question: string): Promise<void> {
  context.stdout.write(`${question} [y/N] `);
  const answer = await readLine();
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return;
  throw new ExitError(1, 'Cancelled: nothing was removed.');
}
