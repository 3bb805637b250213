import { existsSync, readFileSync } from 'node:fs';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import { DotenvError, parseDotenv, parseRawEnv } from './dotenv.ts';
import type { Lookup } from './interpolate.ts';

/** The variables of an env file. Throws not-found, or invalid-argument with file and line. */
export function readEnvFile(path: string, lookup: Lookup, format: '' | 'env' | 'raw' = ''): Map<string, string> {
  try {
    const text = readFileSync(path, 'utf8');
    return format === 'raw' ? parseRawEnv(text, lookup) : parseDotenv(text, lookup);
  } catch (error) {
    if (error instanceof DotenvError) {
      throw new PouchError('invalid-argument', `${path}:${error.line}: ${error.message}`, { cause: error });
    }
    if (errnoCode(error) === 'ENOENT')
      throw new PouchError('not-found', `env file ${path} not found`, { cause: error });
    throw new PouchError('invalid-argument', `cannot read the env file ${path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/**
 * The variables that files are filled in from: the process's environment, then the env files, a later one before an
 * earlier one.
 */
export function projectVariables(
  environment: Readonly<Record<string, string | undefined>>,
  envFiles: readonly string[],
): Map<string, string> {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) own.set(name, value);
  const found = new Map<string, string>();
  for (const path of envFiles) {
    for (const [name, value] of readEnvFile(path, (key) => own.get(key) ?? found.get(key))) found.set(name, value);
  }
  return new Map([...found, ...own]);
}

/** The directory's `.env`, where there is one. */
export function defaultEnvFiles(directory: string): string[] {
  const path = `${directory}/.env`;
  return existsSync(path) ? [path] : [];
}
