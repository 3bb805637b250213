import { isIP } from 'node:net';

/** `--add-host NAME:ADDRESS` or `NAME=ADDRESS`. */
export function checkExtraHost(text: string): string {
  const at = /[=:]/.exec(text)?.index ?? -1;
  const name = text.slice(0, Math.max(at, 0));
  const address = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (at < 1 || address === '') throw new Error(`bad format for add-host: "${text}"`);
  if (address !== 'host-gateway' && isIP(address) === 0)
    throw new Error(`invalid IP address in add-host: "${address}"`);
  return `${name}:${address}`;
}

export function checkAddress(text: string): string {
  const address = text.trim();
  if (isIP(address) === 0) throw new Error(`IP address is not correctly formatted: ${text}`);
  return address;
}

export function checkDnsSearch(text: string): string {
  if (text.trim() === '.') return '.';
  if (!/^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*\.?$/.test(text.trim())) {
    throw new Error(`${text} is not a valid domain`);
  }
  return text.trim();
}

export function checkLink(text: string): string {
  const parts = text.split(':');
  if (text === '' || parts.length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

export function checkStream(text: string): string {
  const stream = text.toLowerCase();
  if (!['stdin', 'stdout', 'stderr'].includes(stream)) throw new Error('valid streams are STDIN, STDOUT and STDERR');
  return stream;
}

/** `key=value` texts as a map; `flag` is for the message. */
export function optionMap(flag: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf('=');
      if (at < 1) throw new Error(`invalid --${flag}: "${value}" (use KEY=VALUE)`);
      return [value.slice(0, at), value.slice(at + 1)];
    }),
  );
}

/** A namespace flag: '', the given words, or container:NAME where that is possible. */
export function checkMode(flag: string, value: string, words: readonly string[], container: boolean): string {
  if (value === '' || words.includes(value)) return value;
  if (container && /^container:.+/.test(value)) return value;
  throw new Error(`--${flag}: invalid ${flag.toUpperCase()} mode`);
}
