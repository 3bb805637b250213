import { PouchError } from '@pouch/base';

/** Run it; what it throws of Pouch's own errors says first what was being done. Docker words its errors so. */
export async function explained<T>(doing: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof PouchError)) throw error;
    throw new PouchError(error.code, `${doing}: ${error.message}`, { cause: error, details: error.details });
  }
}
