import type { Context } from '../app/context.ts';
import { readConfigFile } from '../auth/config-file.ts';

/** `NAME=VALUE` texts; a name alone has an empty value. */
export function pairs(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** A name alone takes its value from our environment; proxies come from the user's configuration. */
export function buildArgs(context: Context, list: readonly string[]): Record<string, string | null> {
  const args: Record<string, string | null> = {};
  for (const text of list) {
    const at = text.indexOf('=');
    if (at < 0) args[text] = process.env[text] ?? null;
    else args[text.slice(0, at)] = text.slice(at + 1);
  }
  const proxies = (readConfigFile(context)['proxies'] ?? {}) as Record<string, Record<string, string> | undefined>;
  for (const [setting, value] of Object.entries(proxies['default'] ?? {})) {
    const name = setting.replace(/Proxy$/, '_PROXY').toUpperCase();
    for (const each of [name, name.toLowerCase()]) if (!(each in args) && value) args[each] = value;
  }
  return args;
}
