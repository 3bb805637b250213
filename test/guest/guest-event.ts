/** What the guest tells while it runs tests: a line of JSON each. */
export type GuestEvent =
  | {
      readonly kind: 'test';
      readonly name: string;
      /** Of the names around it, the outermost first. */
      readonly path: readonly string[];
      readonly file: string;
      readonly outcome: 'passed' | 'failed' | 'skipped';
      readonly milliseconds: number;
      /** Why it was skipped, or how it failed. */
      readonly detail: string;
    }
  | { readonly kind: 'said'; readonly text: string }
  /** The last of all: what `node --test` ended with. */
  | { readonly kind: 'end'; readonly code: number };

/** The event on a line, or `undefined` for anything else. */
export function parseEvent(line: string): GuestEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'kind' in value ? (value as GuestEvent) : undefined;
  } catch {
    return undefined;
  }
}
