import { UsageError } from '../app/errors.ts';

/** `SERVICE=COUNT` texts as a map. */
export function parseScale(texts: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of texts) {
    const match = /^([^=]+)=(\d{1,6})$/.exec(text);
    if (!match) throw new UsageError(`invalid scale '${text}': use SERVICE=COUNT`);
    found.set(match[1] as string, Number(match[2]));
  }
  return found;
}
