import { PouchError } from '@pouch/base';
import { parseJson } from './schema/parse.ts';
import type { Schema } from './schema/type.ts';
import { dict } from './schema/type.ts';
import { ContainerPathStat } from './schemas/container-actions.ts';
import { AuthConfig } from './schemas/registry.ts';

/** Credentials for the registry of this request. */
export const REGISTRY_AUTH_HEADER = 'X-Registry-Auth';
/** Credentials for several registries, by server address. */
export const REGISTRY_CONFIG_HEADER = 'X-Registry-Config';
/** Facts about the file of an archive request. */
export const PATH_STAT_HEADER = 'X-Docker-Container-Path-Stat';

/** More than any client has reason to send; registry tokens run to a few KiB. */
const MAX_LENGTH = 64 * 1024;
const AuthConfigs = dict(AuthConfig);

/** The value of X-Registry-Auth: base64url of JSON. */
export function encodeAuthConfig(auth: AuthConfig): string {
  return encode(auth, 'base64url');
}

/** undefined for an absent or empty header. Throws invalid-argument; its message repeats nothing of the header. */
export function decodeAuthConfig(header: string | undefined): AuthConfig | undefined {
  return decode(header, AuthConfig, REGISTRY_AUTH_HEADER);
}

/** Credentials by server address, from X-Registry-Config. */
export function decodeAuthConfigs(header: string | undefined): Record<string, AuthConfig> | undefined {
  return decode(header, AuthConfigs, REGISTRY_CONFIG_HEADER);
}

/** The value of X-Docker-Container-Path-Stat: standard base64 of JSON. */
export function encodePathStat(stat: ContainerPathStat): string {
  return encode(stat, 'base64');
}

/** Throws invalid-argument. */
export function decodePathStat(header: string | undefined): ContainerPathStat | undefined {
  return decode(header, ContainerPathStat, PATH_STAT_HEADER);
}

function encode(value: unknown, encoding: 'base64' | 'base64url'): string {
  const padding = encoding === 'base64url';
  const text = Buffer.from(JSON.stringify(value)).toString(encoding);
  // Go's URLEncoding, which Docker decodes with, wants the padding that Node leaves out.
  return padding ? text.padEnd(Math.ceil(text.length / 4) * 4, '=') : text;
}

/** Either alphabet of base64, with or without padding. */
function decode<T>(header: string | undefined, schema: Schema<T>, name: string): T | undefined {
  if (header === undefined || header === '') return undefined;
  const wrong = (problem: string): PouchError =>
    new PouchError('invalid-argument', `invalid header ${name}: ${problem}`);
  if (header.length > MAX_LENGTH) throw wrong(`it is longer than ${MAX_LENGTH} characters`);
  if (!/^[\w+/-]*={0,2}$/.test(header)) throw wrong('it is not base64');
  try {
    return parseJson(schema, Buffer.from(header, 'base64').toString('utf8'));
  } catch {
    throw wrong('it is not the JSON that belongs there');
  }
}
