import { errorMessage, isErrorCode, PouchError } from '@pouch/base';
import { canonicalName, type Descriptor, type ImageReference } from '@pouch/oci';
import { RegistryFailure } from './failure.ts';
import { discardBody, type HttpResponse, isNetworkError } from './http.ts';
import { PartialBlob } from './partial-blob.ts';
import { pullScope } from './scope.ts';
import type { Session } from './session.ts';

export interface FetchBlobOptions {
  /** Bytes that are there, of the whole; called often. Goes back when a transfer has to start again. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Where a blob's bytes are asked for: below the session's endpoint, or an address of a foreign layer. */
export interface BlobSource {
  readonly session: Session;
  readonly target: string | URL;
}

/**
 * Fetch a blob from one source into `partial`, resuming after faults for as long as there is progress, and verify it. Returns
 * the finished file. Throws data-loss, with the partial file removed, for content that is not what its digest says.
 */
export async function fetchBlobFrom(
  source: BlobSource,
  reference: ImageReference,
  descriptor: Descriptor,
  partial: PartialBlob,
  options: FetchBlobOptions = {},
): Promise<string> {
  const what = `blob ${descriptor.digest} of ${canonicalName(reference)}`;
  for (;;) {
    // Bytes of an earlier time or another source may be what is wrong, not this registry's.
    const inherited = partial.offset > 0;
    try {
      await fill(source, reference, descriptor, partial, what, options);
      return await partial.finish();
    } catch (error) {
      if (!isErrorCode(error, 'data-loss')) {
        await partial.settle().catch(() => {});
        throw error;
      }
      await partial.reset();
      if (!inherited) throw corrupted(source.session, reference, descriptor, error);
    }
  }
}

async function fill(
  source: BlobSource,
  reference: ImageReference,
  descriptor: Descriptor,
  partial: PartialBlob,
  what: string,
  options: FetchBlobOptions,
): Promise<void> {
  options.onProgress?.(partial.offset);
  for (let failures = 0; !partial.isComplete; ) {
    const before = partial.offset;
    try {
      const response = await request(source, reference, partial, what);
      await receive(response, source.session, descriptor, partial, options);
      if (!partial.isComplete) throw new PouchError('unavailable', `${what}: ${source.session.host} ended too early`);
    } catch (error) {
      source.session.signal?.throwIfAborted();
      failures = partial.offset > before ? 1 : failures + 1;
      if (!isNetworkError(error) || failures >= source.session.attempts) throw describe(error, what, source.session);
      await source.session.pause(failures, what, error);
    }
  }
}

/** A response whose body goes on at `partial.offset`, which is set back to 0 where the server cannot resume. */
async function request(
  source: BlobSource,
  reference: ImageReference,
  partial: PartialBlob,
  what: string,
): Promise<HttpResponse> {
  const { session, target } = source;
  const base = { method: 'GET' as const, target, scopes: [pullScope(reference)], what };
  if (partial.offset > 0) {
    const headers = { range: `bytes=${partial.offset}-` };
    const response = await session.send({ ...base, headers, accept: [200, 206, 416] });
    const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
    if (response.status === 206 && start === String(partial.offset)) return response;
    await partial.reset();
    if (response.status === 200) return response;
    response.body.destroy();
  }
  return await session.send({ ...base, accept: [200] });
}

async function receive(
  response: HttpResponse,
  session: Session,
  descriptor: Descriptor,
  partial: PartialBlob,
  options: FetchBlobOptions,
): Promise<void> {
  const { body } = response;
  const length = Number(response.headers['content-length'] ?? Number.NaN);
  if (length > descriptor.size - partial.offset) {
    await discardBody(response);
    throw new PouchError('data-loss', `it has ${length + partial.offset} bytes instead of ${descriptor.size}`);
  }
  const stalled = new PouchError('deadline-exceeded', `${session.host} sent nothing for ${session.timeouts.stall} ms`);
  const timer = setTimeout(() => body.destroy(stalled), session.timeouts.stall);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      timer.refresh();
      await partial.write(chunk);
      options.onProgress?.(partial.offset);
    }
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown, what: string, session: Session): unknown {
  if (error instanceof PouchError || !isNetworkError(error)) return error;
  return new PouchError('unavailable', `${what}: the transfer from ${session.host} broke: ${errorMessage(error)}`, {
    cause: error,
  });
}

function corrupted(session: Session, reference: ImageReference, descriptor: Descriptor, error: PouchError): PouchError {
  return new PouchError(
    'data-loss',
    `blob ${descriptor.digest} of ${canonicalName(reference)} from registry ${session.host} is corrupted: ${error.message}; ` +
      'it was thrown away. Ask whoever runs that registry to repair it, or push the image again',
    { cause: error, details: { digest: descriptor.digest, repository: reference.path, registry: session.host } },
  );
}

/** Whether the source does not have the blob at all. */
export function isMissing(error: unknown): boolean {
  return error instanceof RegistryFailure && error.status === 404;
}
