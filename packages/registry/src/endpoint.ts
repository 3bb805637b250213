import { PouchError } from '@pouch/base';
import { DEFAULT_DOMAIN } from '@pouch/oci';
import { loadCertificates } from './certificates.ts';
import type { RegistryCredentials } from './credentials.ts';
import type { TlsSettings } from './http.ts';
import {
  DEFAULT_CERTIFICATE_DIRECTORIES,
  DOCKER_HUB_HOST,
  InsecureList,
  type MirrorSettings,
  type RegistrySettings,
} from './settings.ts';

/** A server that may answer for a registry domain. */
export interface Endpoint {
  /** Of the registry that the user named. */
  readonly domain: string;
  /** Ends in a slash; `v2/…` goes behind it. */
  readonly base: URL;
  readonly tls: TlsSettings;
  readonly isMirror: boolean;
  /** The host may be reached without TLS, or with any certificate. */
  readonly insecure: boolean;
  readonly mirrorCredentials?: RegistryCredentials;
}

/** Milliseconds for which a mirror that could not be reached is left out. */
const REST_AFTER_FAILURE = 30_000;
/** Milliseconds after which certificates and addresses are looked up again. */
const LOOKUP_LIFETIME = 30_000;

/** Knows where each registry is, with its mirrors and TLS settings, and which of its servers answered last. */
export class EndpointDirectory {
  readonly #settings: RegistrySettings;
  readonly #insecure: InsecureList;
  readonly #known = new Map<string, { readonly endpoints: Promise<Endpoint[]>; readonly until: number }>();
  readonly #restUntil = new Map<string, number>();
  readonly #plainHttp = new Set<string>();

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
    this.#insecure = new InsecureList(settings.insecureRegistries ?? []);
  }

  /** The servers to ask, in order: for a pull the mirrors first, then the registry itself. */
  async forPull(domain: string): Promise<Endpoint[]> {
    const now = Date.now();
    const all = await this.#endpoints(domain);
    const mirrors = all.filter(({ isMirror, base }) => isMirror && (this.#restUntil.get(base.href) ?? 0) <= now);
    return [...mirrors, ...this.#own(all)];
  }

  async forPush(domain: string): Promise<Endpoint[]> {
    return this.#own(await this.#endpoints(domain));
  }

  /** TLS settings for a host that a redirect or a token realm names. */
  async tlsFor(url: URL): Promise<{ tls: TlsSettings; insecure: boolean }> {
    return await this.#hostTls(url.host);
  }

  /** This server cannot be reached: let it rest for a while. */
  markDown(endpoint: Endpoint): void {
    // What is wrong may be mended in our own settings: certificates are read again at the next try.
    this.#known.delete(endpoint.domain);
    if (endpoint.isMirror) this.#restUntil.set(endpoint.base.href, Date.now() + REST_AFTER_FAILURE);
    else if (endpoint.base.protocol === 'http:') this.#plainHttp.delete(endpoint.domain);
  }

  /** This server answered: an insecure registry's plain HTTP is then asked first next time. */
  markUp(endpoint: Endpoint): void {
    if (!endpoint.isMirror && endpoint.base.protocol === 'http:') this.#plainHttp.add(endpoint.domain);
  }

  #own(all: readonly Endpoint[]): Endpoint[] {
    const own = all.filter(({ isMirror }) => !isMirror);
    const [first] = own;
    return first && this.#plainHttp.has(first.domain) ? own.reverse() : own;
  }

  async #endpoints(domain: string): Promise<Endpoint[]> {
    const known = this.#known.get(domain);
    if (known && known.until > Date.now()) return await known.endpoints;
    const endpoints = this.#build(domain);
    this.#known.set(domain, { endpoints, until: Date.now() + LOOKUP_LIFETIME });
    endpoints.catch(() => this.#known.delete(domain));
    return await endpoints;
  }

  async #build(domain: string): Promise<Endpoint[]> {
    const hubMirrors = domain === DEFAULT_DOMAIN ? (this.#settings.mirrors ?? []).map((url) => ({ url })) : [];
    const listed = [...(this.#settings.hosts?.[domain]?.mirrors ?? []), ...hubMirrors];
    const mirrors = await Promise.all(listed.map((mirror) => this.#mirror(domain, mirror)));
    const host = domain === DEFAULT_DOMAIN ? DOCKER_HUB_HOST : domain;
    const { tls, insecure } = await this.#hostTls(domain);
    const own = { domain, tls, insecure, isMirror: false };
    const servers: Endpoint[] = [{ ...own, base: new URL(`https://${host}/`) }];
    if (insecure) servers.push({ ...own, base: new URL(`http://${host}/`) });
    return [...mirrors, ...servers];
  }

  async #mirror(domain: string, mirror: MirrorSettings): Promise<Endpoint> {
    const base = parseMirrorUrl(mirror.url);
    return {
      domain,
      base,
      ...(await this.#hostTls(base.host)),
      isMirror: true,
      ...(mirror.credentials && { mirrorCredentials: mirror.credentials }),
    };
  }

  async #hostTls(host: string): Promise<{ tls: TlsSettings; insecure: boolean }> {
    const configured = this.#settings.hosts?.[host];
    const insecure = configured?.insecure ?? (await this.#insecure.has(host));
    const directories = this.#settings.certificateDirectories ?? DEFAULT_CERTIFICATE_DIRECTORIES;
    const tls = { ...(await loadCertificates(directories, host)), ...configured?.tls };
    // An authority that was set up for the host is used even where the host is on the insecure list.
    return { tls: insecure && !tls.ca ? { ...tls, insecure: true } : tls, insecure };
  }
}

/** Throws invalid-argument for what is no plain HTTP(S) address. */
export function parseMirrorUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password;
  if (!isPlain) {
    throw new PouchError(
      'invalid-argument',
      `invalid registry mirror ${JSON.stringify(text)}: use http(s)://host[:port][/path]`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
