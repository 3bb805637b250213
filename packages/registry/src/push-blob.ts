import { Readable } from 'node:stream';
import { errorMessage, PouchError } from '@pouch/base';
import { canonicalName, type Descriptor, type ImageReference } from '@pouch/oci';
import { RegistryFailure } from './failure.ts';
import { discardBody, type HttpResponse, isNetworkError } from './http.ts';
import { pullScope, pushScope } from './scope.ts';
import type { Session } from './session.ts';

export interface PushBlobOptions {
  /** The blob's bytes from `offset` on; called again when a broken upload goes on. */
  readonly open: (offset: number) => Readable | Promise<Readable>;
  /** Repositories of the same registry that have the blob, tried in order before anything is sent. */
  readonly mountFrom?: readonly ImageReference[];
  /** Bytes sent, of the whole. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** Bytes per request, for registries that limit it; everything in one by default. */
  readonly chunkSize?: number;
}

export type PushBlobResult = 'exists' | 'mounted' | 'uploaded';

/** Bring a blob into a repository (distribution-spec, "Pushing blobs") by the cheapest way: it is there, is mounted, or is sent. */
export async function pushBlobTo(
  session: Session,
  reference: ImageReference,
  descriptor: Descriptor,
  options: PushBlobOptions,
): Promise<PushBlobResult> {
  if (await hasBlob(session, reference, descriptor)) return 'exists';
  let started: URL | undefined;
  for (const source of options.mountFrom ?? []) {
    if (source.domain !== reference.domain || source.path === reference.path) continue;
    started = await mount(session, reference, descriptor, source);
    if (started === undefined) return 'mounted';
    break;
  }
  await upload(session, reference, descriptor, options, started);
  return 'uploaded';
}

export async function hasBlob(session: Session, reference: ImageReference, descriptor: Descriptor): Promise<boolean> {
  const response = await session.send({
    method: 'HEAD',
    target: `v2/${reference.path}/blobs/${descriptor.digest}`,
    scopes: [pushScope(reference)],
    accept: [200, 404],
    what: describe(reference, descriptor),
  });
  await discardBody(response);
  return response.status === 200;
}

/** Undefined when mounted; else the upload that the registry began in its place. */
async function mount(
  session: Session,
  reference: ImageReference,
  descriptor: Descriptor,
  source: ImageReference,
): Promise<URL | undefined> {
  const query = new URLSearchParams({ mount: descriptor.digest, from: source.path });
  try {
    const response = await start(session, reference, descriptor, `?${query}`, [
      pushScope(reference),
      pullScope(source),
    ]);
    return response.status === 201 ? undefined : location(response);
  } catch (error) {
    // No right to read the source is no reason to fail: the bytes can still be sent.
    if (!(error instanceof RegistryFailure)) throw error;
    return location(await start(session, reference, descriptor, '', [pushScope(reference)]));
  }
}

async function start(
  session: Session,
  reference: ImageReference,
  descriptor: Descriptor,
  query: string,
  scopes: readonly string[],
): Promise<HttpResponse> {
  const response = await session.send({
    method: 'POST',
    target: `v2/${reference.path}/blobs/uploads/${query}`,
    headers: { 'content-length': '0' },
    scopes,
    accept: query === '' ? [202] : [201, 202],
    what: `pushing ${describe(reference, descriptor)}`,
  });
  await discardBody(response);
  return response;
}

async function upload(
  session: Session,
  reference: ImageReference,
  descriptor: Descriptor,
  options: PushBlobOptions,
  started: URL | undefined,
): Promise<void> {
  const scopes = [pushScope(reference)];
  const what = `pushing ${describe(reference, descriptor)}`;
  const begin = async (): Promise<Progress> => ({
    url: location(await start(session, reference, descriptor, '', scopes)),
    offset: 0,
  });
  let progress: Progress = started ? { url: started, offset: 0 } : await begin();
  for (let failures = 0; ; ) {
    const before = progress.offset;
    try {
      while (progress.offset < descriptor.size)
        progress = await sendPart(session, progress, descriptor, options, scopes, what);
      await commit(session, progress.url, descriptor, scopes, what);
      options.onProgress?.(descriptor.size);
      return;
    } catch (error) {
      session.signal?.throwIfAborted();
      const resumed = isResumable(error) ? await ask(session, progress.url, scopes, what) : undefined;
      failures = resumed && resumed.offset > before ? 1 : failures + 1;
      if (!isResumable(error) || failures >= session.attempts) throw describeFailure(error, what, session);
      await session.pause(failures, what, error);
      progress = resumed ?? (await begin());
      options.onProgress?.(progress.offset);
    }
  }
}

interface Progress {
  readonly url: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
}

/** Send the rest, or as much of it as one request may hold. */
async function sendPart(
  session: Session,
  { url, offset }: Progress,
  descriptor: Descriptor,
  options: PushBlobOptions,
  scopes: readonly string[],
  what: string,
): Promise<Progress> {
  const end = Math.min(descriptor.size, offset + (options.chunkSize ?? descriptor.size));
  const isWhole = offset === 0 && end === descriptor.size;
  const response = await session.send({
    method: 'PATCH',
    target: url,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(end - offset),
      ...(!isWhole && { 'content-range': `${offset}-${end - 1}` }),
    },
    body: async () => counted(await options.open(offset), offset, end, descriptor, options),
    scopes,
    accept: [202, 204],
    what,
    attempts: 1,
    timeout: session.timeouts.commit,
  });
  await discardBody(response);
  return { url: location(response, url), offset: end };
}

/** Exactly the bytes from `offset` to `end`; a source that is too short fails before the registry is told a wrong length. */
function counted(
  source: Readable,
  offset: number,
  end: number,
  descriptor: Descriptor,
  options: PushBlobOptions,
): Readable {
  return Readable.from(
    (async function* () {
      let at = offset;
      try {
        for await (const chunk of source as AsyncIterable<Buffer>) {
          const part = chunk.subarray(0, end - at);
          at += part.length;
          yield part;
          options.onProgress?.(at);
          if (at === end) return;
        }
      } finally {
        source.destroy();
      }
      throw new PouchError(
        'data-loss',
        `local content of ${descriptor.digest} ends at byte ${at} of ${descriptor.size}`,
      );
    })(),
    { objectMode: false, highWaterMark: 1024 * 1024 },
  );
}

async function commit(
  session: Session,
  url: URL,
  descriptor: Descriptor,
  scopes: readonly string[],
  what: string,
): Promise<void> {
  const target = new URL(url);
  target.searchParams.set('digest', descriptor.digest);
  const response = await session.send({
    method: 'PUT',
    target,
    headers: { 'content-length': '0' },
    scopes,
    accept: [200, 201, 204],
    what,
    attempts: 1,
    timeout: session.timeouts.commit,
  });
  await discardBody(response);
}

/** How far a broken upload came; undefined where the registry does not know it any more. */
async function ask(session: Session, url: URL, scopes: readonly string[], what: string): Promise<Progress | undefined> {
  try {
    const response = await session.send({ method: 'GET', target: url, scopes, accept: [204], what });
    await discardBody(response);
    const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.range ?? '')?.[1];
    // `0-0` is also what an empty upload looks like; one byte more or less is not worth the doubt.
    return last === undefined || last === '0' ? undefined : { url: location(response, url), offset: Number(last) + 1 };
  } catch {
    return undefined;
  }
}

function location(response: HttpResponse, fallback?: URL): URL {
  const header = response.headers.location;
  if (header !== undefined && URL.canParse(header, response.url.href)) {
    const url = new URL(header, response.url);
    const isDowngrade = response.url.protocol === 'https:' && url.protocol !== 'https:';
    // Some registries behind a TLS proxy name themselves with http; the same host keeps its own scheme.
    if (isDowngrade && url.hostname === response.url.hostname)
      return new URL(`${url.pathname}${url.search}`, response.url);
    if (/^https?:$/.test(url.protocol) && !isDowngrade) return url;
  }
  if (fallback) return fallback;
  throw new PouchError('upstream', `${response.url.host} began an upload without a usable location for it`);
}

function isResumable(error: unknown): boolean {
  if (!(error instanceof RegistryFailure)) return isNetworkError(error);
  return (
    error.status === 416 || error.status === 404 || error.status === 408 || error.status === 429 || error.status >= 500
  );
}

function describe(reference: ImageReference, { digest }: Descriptor): string {
  return `blob ${digest} of ${canonicalName(reference)}`;
}

function describeFailure(error: unknown, what: string, session: Session): unknown {
  if (error instanceof PouchError || !isNetworkError(error)) return error;
  return new PouchError('unavailable', `${what}: the transfer to ${session.host} broke: ${errorMessage(error)}`, {
    cause: error,
  });
}
