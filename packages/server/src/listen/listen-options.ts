/** A unix socket on which the API is served. */
export interface UnixListenOptions {
  readonly unix: string;
  /** Group that may connect, if it exists. Default `pouch`. */
  readonly group?: string;
  /** Permission bits. Default 0o660. */
  readonly mode?: number;
}

/** PEM text. */
export interface TlsOptions {
  readonly certificate: string | Buffer;
  readonly key: string | Buffer;
  /** The authority that signs the certificates of clients: without one from it nobody gets in. */
  readonly clientAuthority: string | Buffer;
  /** Common names of the clients that may call; absent lets in every client with a certificate. */
  readonly managerWhitelist?: readonly string[];
}

export interface TcpListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsOptions;
  /** Serve without TLS: whoever reaches the port is root on this host. Must be asked for. */
  readonly allowInsecure?: boolean;
}

export type ListenOptions = UnixListenOptions | TcpListenOptions;

/** Where a listener can be reached: `unix:///path`, `tcp://host:port`. */
export type ListenAddress = string;
