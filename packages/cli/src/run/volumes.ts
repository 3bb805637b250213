import { resolve } from 'node:path';

export interface VolumeFlags {
  /** source:target[:options] */
  readonly binds: readonly string[];
  /** Paths that get an anonymous volume. */
  readonly anonymous: readonly string[];
}

/** `-v [SOURCE:]TARGET[:OPTIONS]`; a source that starts with ./ or ../ is a path from here. */
export function parseVolumes(values: readonly string[]): VolumeFlags {
  const binds: string[] = [];
  const anonymous: string[] = [];
  for (const value of values) {
    const parts = value.split(':');
    if (value === '') throw new Error('invalid empty volume spec');
    if (parts.length > 3) throw new Error(`invalid spec: ${value}: too many colons`);
    if (parts.some((part) => part === '')) throw new Error(`invalid spec: ${value}: empty section between colons`);
    const [source, ...rest] = parts as [string, ...string[]];
    if (rest.length === 0) anonymous.push(value);
    else binds.push([/^\.{1,2}(\/|$)/.test(source) ? resolve(source) : source, ...rest].join(':'));
  }
  return { binds, anonymous };
}

/** `--tmpfs PATH[:OPTIONS]`. */
export function parseTmpfs(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const at = value.indexOf(':');
      return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
    }),
  );
}
