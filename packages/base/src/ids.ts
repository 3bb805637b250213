import { randomBytes } from 'node:crypto';

/** A new object id: 64 hexadecimal digits, never all decimal in its 12-digit short form (so it cannot be read as a number). */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(id.slice(0, 12))) return id;
  }
}

export function shortId(id: string): string {
  return id.slice(0, 12);
}

/** Docker's rule for container, network and volume names. */
export const NAME_PATTERN = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
