import { PouchError } from './errors.ts';

/** One word for a POSIX shell, whatever is in it. Throws `invalid-argument` for a NUL byte, which no word can hold. */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new PouchError('invalid-argument', 'a NUL byte cannot stand in an argument');
  return `'${text.replaceAll("'", "'\\''")}'`;
}
