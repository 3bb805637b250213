import type { Context } from '../app/context.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from './detach-keys.ts';
import { stdinIsTerminal } from './terminal.ts';

/** The detach keys: the flag's, else those of config.json, else ctrl-p ctrl-q. The file is read for terminals only. */
export function detachKeysOf(context: Context, flag: string): { readonly text: string; readonly bytes: Uint8Array } {
  const configured = flag || (stdinIsTerminal() ? readConfigFile(context).detachKeys : undefined);
  const text = configured || DEFAULT_DETACH_KEYS;
  return { text, bytes: parseDetachKeys(text) };
}
