import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, errorMessage, PouchError, writeFileAtomic } from '@pouch/base';
import type { Context } from '../app/context.ts';

export interface AuthEntry {
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
  username?: string;
  password?: string;
}

/** The parts of Docker's config.json that are used here; the rest is kept as it is. */
export interface ConfigFile {
  auths?: Record<string, AuthEntry>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  detachKeys?: string;
  psFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  volumesFormat?: string;
  statsFormat?: string;
  HttpHeaders?: Record<string, string>;
  [other: string]: unknown;
}

export function configPath(context: Context): string {
  return join(context.configDirectory, 'config.json');
}

/** The user's configuration; empty where there is none. A broken file is an error. */
export function readConfigFile(context: Context): ConfigFile {
  const path = configPath(context);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return {};
    throw error;
  }
  try {
    const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as ConfigFile;
  } catch (error) {
    throw new PouchError('invalid-argument', `${path} is not valid JSON: ${errorMessage(error)}`, { cause: error });
  }
  throw new PouchError('invalid-argument', `${path} does not hold a JSON object`);
}

/** Replace the configuration; only its owner may read it. */
export async function writeConfigFile(context: Context, config: ConfigFile): Promise<void> {
  mkdirSync(context.configDirectory, { recursive: true, mode: 0o700 });
  await writeFileAtomic(configPath(context), `${JSON.stringify(config, null, '\t')}\n`, 0o600);
}
