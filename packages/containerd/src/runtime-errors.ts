import { PouchError } from '@pouch/base';
export function mapRuntimeError(error: unknown): unknown {
  if (!(error instanceof PouchError)) return error;
  return error;
}
