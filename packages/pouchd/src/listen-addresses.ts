import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { ListenOptions } from '@pouch/server';
import type { Config } from './config/settings.ts';

/** Where the API is to be served. Throws `invalid-argument` for what is no address, or TCP without its certificates. */
export function listenAddresses(config: Config): ListenOptions[] {
  const hosts = config.host.length > 0 ? config.host : [`unix://${join(config.state, 'pouchd.sock')}`];
  return hosts.map((host) => parseHost(host, config));
}

function parseHost(host: string, config: Config): ListenOptions {
  if (host.startsWith('unix://') && host.length > 'unix://'.length) {
    return { unix: host.slice('unix://'.length), group: config.group, mode: 0o660 };
  }
  const match = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]*):(\d{1,5})$/.exec(host);
  if (!match) {
    throw new PouchError(
      'invalid-argument',
      `host: '${host}' is no address to serve on (examples: unix:///run/pouch/pouchd.sock, tcp://0.0.0.0:2376)`,
    );
  }
  const address = { host: (match[1] || '0.0.0.0').replace(/^\[|\]$/g, ''), port: Number(match[2]) };
  const { 'tls-certificate': certificate, 'tls-key': key, 'tls-ca': authority } = config;
  if (certificate === '' && key === '' && authority === '')
    return { ...address, allowInsecure: config['allow-insecure-tcp'] };
  if (certificate === '' || key === '' || authority === '') {
    throw new PouchError('invalid-argument', 'TLS needs all of tls-certificate, tls-key and tls-ca');
  }
  return {
    ...address,
    tls: {
      certificate: readPem('tls-certificate', certificate),
      key: readPem('tls-key', key),
      clientAuthority: readPem('tls-ca', authority),
      ...(config['manager-whitelist'].length > 0 && { managerWhitelist: config['manager-whitelist'] }),
    },
  };
}

function readPem(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PouchError('invalid-argument', `${setting}: ${path} cannot be read: ${String(error)}`, { cause: error });
  }
}
