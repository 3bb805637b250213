import { errorMessage, isErrorCode, KeyedMutex, type Logger, PouchError } from '@pouch/base';
import {
  canonicalName,
  canonicalString,
  choosePlatform,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestOf,
  formatPlatform,
  type ImageReference,
  isForeignLayerType,
  isIndexType,
  type Platform,
  parseImageConfig,
  withDigest,
} from '@pouch/oci';
import { Authoriser } from './authoriser.ts';
import { listTags, type SearchResult, searchImages } from './catalogue.ts';
import { type Endpoint, EndpointDirectory } from './endpoint.ts';
import { RegistryFailure } from './failure.ts';
import { type BlobSource, type FetchBlobOptions, fetchBlobFrom } from './fetch-blob.ts';
import { HttpTransport, readBody } from './http.ts';
import { type LoginResult, login } from './login.ts';
import { type FetchedManifest, getManifest, headManifest, putManifest } from './manifest-transfer.ts';
import { blobPath, PartialBlob } from './partial-blob.ts';
import { pullError } from './pull-error.ts';
import { type PushBlobOptions, type PushBlobResult, pushBlobTo } from './push-blob.ts';
import { pullScope } from './scope.ts';
import { type CallOptions, Session } from './session.ts';
import type { RegistrySettings } from './settings.ts';

export interface RegistryClientDependencies {
  readonly logger: Logger;
}

/** What `GET /distribution/{name}/json` tells. */
export interface DistributionInspect {
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}

/**
 * The client of every registry: pulls through mirrors, pushes, logs in. References are full (`parseReference`); a tag or digest
 * that is missing counts as `latest`. Every method throws PouchError: not-found, permission-denied, unauthenticated,
 * unavailable, upstream, data-loss, and AbortError when `signal` aborts.
 */
export class RegistryClient implements Disposable {
  readonly #transport = new HttpTransport();
  readonly #logger: Logger;
  readonly #transfers = new KeyedMutex();
  #settings: RegistrySettings;
  #endpoints: EndpointDirectory;
  #authoriser: Authoriser;

  constructor(settings: RegistrySettings, { logger }: RegistryClientDependencies) {
    this.#logger = logger;
    this.#settings = settings;
    this.#endpoints = new EndpointDirectory(settings);
    this.#authoriser = new Authoriser({ transport: this.#transport, endpoints: this.#endpoints });
  }

  /** Take new settings; requests on their way keep the old ones. */
  configure(settings: RegistrySettings): void {
    this.#settings = settings;
    this.#endpoints = new EndpointDirectory(settings);
    this.#authoriser = new Authoriser({ transport: this.#transport, endpoints: this.#endpoints });
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }

  /** What the reference points at; with a platform, the one image of an index that suits it. */
  async resolve(
    reference: ImageReference,
    options: CallOptions & { readonly platform?: Platform } = {},
  ): Promise<Descriptor> {
    const { platform } = options;
    const descriptor = await this.#pull(reference, options, async (session) => {
      return (await headManifest(session, reference)) ?? (await getManifest(session, reference)).descriptor;
    });
    if (platform === undefined || !isIndexType(descriptor.mediaType)) return descriptor;
    const { document } = await this.getManifest(withDigest(reference, descriptor.digest), options);
    const chosen = document.kind === 'index' ? choosePlatform(document.index.manifests, platform) : descriptor;
    if (chosen) return chosen;
    throw new PouchError(
      'not-found',
      `no matching manifest for ${formatPlatform(platform)} in the manifest list entries of ${canonicalString(reference)}`,
    );
  }

  async getManifest(reference: ImageReference, options: CallOptions = {}): Promise<FetchedManifest> {
    return await this.#pull(reference, options, async (session) => await getManifest(session, reference));
  }

  /**
   * Fetch a blob into `directory` and return the verified file, `<directory>/<algorithm>-<hex>`, which is then the caller's (it is
   * not synced). A broken transfer leaves a `.partial` file there, which the next call for the same blob builds upon.
   */
  async fetchBlob(
    reference: ImageReference,
    descriptor: Descriptor,
    directory: string,
    options: CallOptions & FetchBlobOptions = {},
  ): Promise<string> {
    return await this.#transfers.run(blobPath(directory, descriptor), async () => {
      await using partial = await PartialBlob.open(directory, descriptor, options.signal);
      const target = blobTarget(reference, descriptor);
      const fetchFrom = async (source: BlobSource): Promise<string> =>
        await fetchBlobFrom(source, reference, descriptor, partial, options);
      try {
        return await this.#pull(reference, options, async (session) => await fetchFrom({ session, target }));
      } catch (error) {
        const urls = foreignUrls(descriptor);
        if (urls.length === 0 || options.signal?.aborted) throw error;
        return await this.#foreign(reference, options, urls, fetchFrom, error);
      }
    });
  }

  /** A small blob (a config) into memory, verified. */
  async readBlob(
    reference: ImageReference,
    descriptor: Descriptor,
    limit: number,
    options: CallOptions = {},
  ): Promise<Buffer> {
    if (descriptor.size > limit) {
      throw new PouchError(
        'too-large',
        `blob ${descriptor.digest} has ${descriptor.size} bytes; at most ${limit} are accepted here`,
      );
    }
    return await this.#pull(reference, options, async (session) => {
      const what = `blob ${descriptor.digest} of ${canonicalName(reference)}`;
      const target = blobTarget(reference, descriptor);
      const response = await session.send({
        method: 'GET',
        target,
        scopes: [pullScope(reference)],
        accept: [200],
        what,
      });
      const bytes = await readBody(response, limit, session.timeouts.stall);
      const actual = digestOf(bytes, digestAlgorithm(descriptor.digest));
      if (actual === descriptor.digest) return bytes;
      throw new PouchError(
        'data-loss',
        `${what} from registry ${session.host} is corrupted: its content has the digest ${actual}`,
      );
    });
  }

  async pushBlob(
    reference: ImageReference,
    descriptor: Descriptor,
    options: CallOptions & PushBlobOptions,
  ): Promise<PushBlobResult> {
    return await this.#push(
      reference,
      options,
      async (session) => await pushBlobTo(session, reference, descriptor, options),
    );
  }

  /** Put a manifest or an index under the reference's digest, else its tag. Returns its digest. */
  async pushManifest(
    reference: ImageReference,
    bytes: Uint8Array,
    mediaType: string,
    options: CallOptions = {},
  ): Promise<Digest> {
    return await this.#push(
      reference,
      options,
      async (session) => await putManifest(session, reference, bytes, mediaType),
    );
  }

  async listTags(reference: ImageReference, options: CallOptions = {}): Promise<string[]> {
    return await this.#pull(reference, options, async (session) => await listTags(session, reference));
  }

  /** `domain` as in references; `docker.io` searches Docker Hub. */
  async search(domain: string, term: string, limit: number, options: CallOptions = {}): Promise<SearchResult[]> {
    const endpoints = await this.#endpoints.forPush(domain);
    return await this.#first(endpoints, options, async (session) => await searchImages(session, term, limit));
  }

  /** Check credentials with a registry (`registryDomain` of the server address). */
  async login(domain: string, options: CallOptions): Promise<LoginResult> {
    return await this.#first(await this.#endpoints.forPush(domain), options, login);
  }

  async inspectDistribution(reference: ImageReference, options: CallOptions = {}): Promise<DistributionInspect> {
    const { descriptor, document } = await this.getManifest(reference, options);
    if (document.kind === 'index') {
      return { descriptor, platforms: document.index.manifests.flatMap(({ platform }) => platform ?? []) };
    }
    const config = parseImageConfig(await this.readBlob(reference, document.manifest.config, 8 * 1024 * 1024, options));
    const { os, architecture, variant } = config;
    return { descriptor, platforms: [{ os, architecture, ...(variant !== undefined && { variant }) }] };
  }

  async #pull<T>(
    reference: ImageReference,
    call: CallOptions,
    operation: (session: Session) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#first(await this.#endpoints.forPull(reference.domain), call, operation);
    } catch (error) {
      throw pullError(error, reference);
    }
  }

  async #push<T>(
    reference: ImageReference,
    call: CallOptions,
    operation: (session: Session) => Promise<T>,
  ): Promise<T> {
    return await this.#first(await this.#endpoints.forPush(reference.domain), call, operation);
  }

  /**
   * The answer of the first endpoint that has one. A mirror is left for any fault, with the reason logged; the registry's own
   * HTTPS endpoint is left for its plain one only when it cannot be talked to.
   */
  async #first<T>(
    endpoints: readonly Endpoint[],
    call: CallOptions,
    operation: (session: Session) => Promise<T>,
  ): Promise<T> {
    let failure: unknown;
    for (const endpoint of endpoints) {
      try {
        const result = await operation(this.#session(endpoint, call));
        this.#endpoints.markUp(endpoint);
        return result;
      } catch (error) {
        call.signal?.throwIfAborted();
        const isUnreachable = cannotTalk(error, endpoint);
        if (isUnreachable) this.#endpoints.markDown(endpoint);
        else this.#endpoints.markUp(endpoint);
        failure = error;
        if (!endpoint.isMirror && !isUnreachable) break;
        this.#logFallBack(endpoint, error);
      }
    }
    throw failure instanceof Error ? failure : new PouchError('internal', 'no endpoint is known for the registry');
  }

  #logFallBack(endpoint: Endpoint, error: unknown): void {
    const fields = { domain: endpoint.domain, endpoint: endpoint.base.href, reason: errorMessage(error) };
    if (endpoint.isMirror) this.#logger.warn('registry mirror failed, going on to the next', fields);
    else this.#logger.debug('registry endpoint failed', fields);
  }

  /** The bytes of a foreign layer from the addresses that its descriptor names, without authorisation. */
  async #foreign<T>(
    reference: ImageReference,
    call: CallOptions,
    urls: readonly URL[],
    fetchFrom: (source: BlobSource) => Promise<T>,
    first: unknown,
  ): Promise<T> {
    let failure = first;
    for (const url of urls) {
      const endpoint = {
        domain: reference.domain,
        base: new URL('/', url),
        isMirror: true,
        ...(await this.#endpoints.tlsFor(url)),
      };
      try {
        return await fetchFrom({ session: this.#session(endpoint, { signal: call.signal }), target: url });
      } catch (error) {
        call.signal?.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  #session(endpoint: Endpoint, call: CallOptions): Session {
    return new Session(endpoint, call, this.#settings, {
      transport: this.#transport,
      endpoints: this.#endpoints,
      authoriser: this.#authoriser,
      logger: this.#logger,
    });
  }
}

/** No connection, or plain HTTP to a server that has come to want TLS, which answers 400. */
function cannotTalk(error: unknown, endpoint: Endpoint): boolean {
  if (error instanceof RegistryFailure) return error.status === 400 && endpoint.base.protocol === 'http:';
  return isErrorCode(error, 'unavailable', 'deadline-exceeded');
}

function blobTarget(reference: ImageReference, { digest }: Descriptor): string {
  return `v2/${reference.path}/blobs/${digest}`;
}

function foreignUrls({ mediaType, urls }: Descriptor): URL[] {
  if (!isForeignLayerType(mediaType)) return [];
  return (urls ?? [])
    .filter((text) => URL.canParse(text))
    .map((text) => new URL(text))
    .filter(({ protocol }) => protocol === 'https:');
}
