import { PouchError } from '@pouch/base';

/** A request that asks for what cannot be. */
export function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
