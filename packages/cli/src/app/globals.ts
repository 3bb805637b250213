import type { FlagValues } from '../flags/flag.ts';
import { bool, list, str } from '../flags/types.ts';
import type { GlobalFlags } from './context.ts';

/** The flags before the command. */
export const GLOBAL_FLAGS = {
  config: str('Directory of the client configuration (default "~/.docker")', { complete: 'directory' }),
  context: str('Name of a Docker context', { short: 'c', refused: 'name the daemon with -H or POUCH_HOST' }),
  debug: bool('Show the causes behind an error', { short: 'D' }),
  host: list('Daemon to talk to: unix:///path or tcp://host:port', { short: 'H' }),
  'log-level': str('Accepted for compatibility; has no effect', {
    short: 'l',
    values: ['debug', 'info', 'warn', 'error', 'fatal'],
    default: 'info',
    hidden: true,
  }),
  tls: bool('Use TLS without checking the daemon'),
  tlscacert: str('Trust only certificates signed by this authority (default "~/.docker/ca.pem")', { complete: 'file' }),
  tlscert: str('Client certificate (default "~/.docker/cert.pem")', { complete: 'file' }),
  tlskey: str('Client certificate\'s key (default "~/.docker/key.pem")', { complete: 'file' }),
  tlsverify: bool('Use TLS and check the daemon'),
  version: bool('Print the version and stop', { short: 'v' }),
};

export function toGlobals(values: FlagValues<typeof GLOBAL_FLAGS>, given: ReadonlySet<string>): GlobalFlags {
  const host = values.host.at(-1);
  return {
    config: values.config,
    debug: values.debug,
    ...(host !== undefined && { host }),
    ...(given.has('tls') && { tls: values.tls }),
    ...(given.has('tlsverify') && { tlsVerify: values.tlsverify }),
    ...(values.tlscacert && { tlsCaCert: values.tlscacert }),
    ...(values.tlscert && { tlsCert: values.tlscert }),
    ...(values.tlskey && { tlsKey: values.tlskey }),
  };
}
