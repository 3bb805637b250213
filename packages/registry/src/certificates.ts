import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import type { TlsSettings } from './http.ts';

/**
 * TLS settings from `<directory>/<host>/`: every `*.crt` is an authority, every `*.cert` a client certificate with the
 * `*.key` of the same name. The first directory that has something for the host wins.
 */
export async function loadCertificates(directories: readonly string[], host: string): Promise<TlsSettings> {
  if (host.includes('/') || host.startsWith('.')) return {};
  for (const directory of directories) {
    const found = await readHostDirectory(join(directory, host));
    if (found) return found;
  }
  return {};
}

async function readHostDirectory(directory: string): Promise<TlsSettings | undefined> {
  const names = await list(directory);
  const certName = names.find((name) => name.endsWith('.cert'));
  const keyName = names.find((name) => name.endsWith('.key'));
  const stem = (certName ?? keyName)?.replace(/\.(cert|key)$/, '');
  if (stem !== undefined && !(names.includes(`${stem}.cert`) && names.includes(`${stem}.key`))) {
    const missing = names.includes(`${stem}.cert`) ? 'key' : 'cert';
    throw new PouchError('invalid-argument', `missing ${stem}.${missing} beside its counterpart in ${directory}`);
  }
  const authorities = names.filter((name) => name.endsWith('.crt'));
  if (authorities.length === 0 && stem === undefined) return undefined;
  const ca = await Promise.all(authorities.map((name) => readFile(join(directory, name), 'utf8')));
  return {
    ...(ca.length > 0 && { ca }),
    ...(stem !== undefined && {
      cert: await readFile(join(directory, `${stem}.cert`), 'utf8'),
      key: await readFile(join(directory, `${stem}.key`), 'utf8'),
    }),
  };
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return [];
    throw error;
  }
}
