import { PouchError } from '@pouch/base';

/** Where the daemon listens when nothing says otherwise. */
export const DEFAULT_HOST = 'unix:///run/pouch/pouchd.sock';

export interface TlsFiles {
  /** PEM file paths; each may be absent. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Check the daemon's certificate against `ca` (or the system's roots). */
  readonly verify: boolean;
}

/** A daemon's address, taken apart. `host` is the text it came from, for messages. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly host: string; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly hostname: string;
      readonly port: number;
      /** Prefix of every request path, without a slash at the end. */
      readonly basePath: string;
      readonly tls?: TlsFiles;
    };

export interface EndpointFlags {
  /** `-H`. */
  readonly host?: string;
  /** `--tls`, `--tlsverify`, and the three files. */
  readonly tls?: boolean;
  readonly tlsVerify?: boolean;
  readonly tlsCaCert?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The daemon to talk to: flags first, then POUCH_HOST, POUCH_TLS_VERIFY and POUCH_CERT_PATH, then their DOCKER_ namesakes,
 * then {@link DEFAULT_HOST}. Throws invalid-argument for an address that is not understood.
 */
export function resolveEndpoint(flags: EndpointFlags = {}, env: Environment = process.env): Endpoint {
  const host = flags.host || env['POUCH_HOST'] || env['DOCKER_HOST'] || DEFAULT_HOST;
  return parseEndpoint(host, tlsFiles(flags, env));
}

function tlsFiles(flags: EndpointFlags, env: Environment): TlsFiles | undefined {
  const verify = flags.tlsVerify ?? Boolean(env['POUCH_TLS_VERIFY'] || env['DOCKER_TLS_VERIFY']);
  if (!verify && !flags.tls && flags.tlsVerify !== false) return undefined;
  if (!verify && !flags.tls) return undefined;
  const directory = env['POUCH_CERT_PATH'] || env['DOCKER_CERT_PATH'] || `${env['HOME'] ?? ''}/.docker`;
  return {
    ca: flags.tlsCaCert ?? `${directory}/ca.pem`,
    cert: flags.tlsCert ?? `${directory}/cert.pem`,
    key: flags.tlsKey ?? `${directory}/key.pem`,
    verify,
  };
}

/** Take `unix:///path`, `tcp://host:port[/base]` or a bare `host:port` apart. */
export function parseEndpoint(host: string, tls?: TlsFiles): Endpoint {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(host);
  const scheme = (match?.[1] ?? 'tcp').toLowerCase();
  const rest = match ? (match[2] as string) : host;
  switch (scheme) {
    case 'unix': {
      const path = rest || DEFAULT_HOST.slice('unix://'.length);
      return { kind: 'unix', host: `unix://${path}`, path };
    }
    case 'tcp':
    case 'http':
    case 'https':
      return tcpEndpoint(host, rest, scheme === 'https' ? (tls ?? { verify: true }) : tls);
    case 'ssh':
      throw new PouchError(
        'invalid-argument',
        `Pouch does not connect over ssh itself (asked for ${host}). Forward the socket, for example ` +
          "'ssh -nNT -L /tmp/pouch.sock:/run/pouch/pouchd.sock HOST', and use -H unix:///tmp/pouch.sock.",
      );
    default:
      throw new PouchError(
        'invalid-argument',
        `unable to parse daemon host '${host}': use unix:///path/to/socket or tcp://host:port`,
      );
  }
}

function tcpEndpoint(host: string, rest: string, tls: TlsFiles | undefined): Endpoint {
  const match = /^(\[[0-9a-f:.%]+\]|[^:/[\]\s]*)(?::(\d{1,5}))?(\/\S*)?$/i.exec(rest);
  const port = Number(match?.[2] ?? (tls ? 2376 : 2375));
  if (!match || port < 1 || port > 65535) {
    throw new PouchError('invalid-argument', `unable to parse daemon host '${host}': use tcp://host:port`);
  }
  return {
    kind: 'tcp',
    host,
    hostname: (match[1] || '127.0.0.1').replace(/^\[|\]$/g, ''),
    port,
    basePath: (match[3] ?? '').replace(/\/+$/, ''),
    ...(tls && { tls }),
  };
}
