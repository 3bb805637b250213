import { PouchError } from '@pouch/base';
import {
  bareMediaType,
  canonicalName,
  canonicalString,
  type Descriptor,
  type Digest,
  digestAlgorithm,
  digestOf,
  type ImageReference,
  isDigest,
  isSchema1Type,
  MANIFEST_MEDIA_TYPES,
  MANIFEST_SIZE_LIMIT,
  type ManifestDocument,
  MEDIA_TYPE,
  parseManifestDocument,
} from '@pouch/oci';
import { discardBody, type HttpResponse, readBody } from './http.ts';
import { pullScope, pushScope } from './scope.ts';
import type { Session } from './session.ts';

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** Exactly as the registry has them; their digest is verified. */
  readonly bytes: Buffer;
  readonly document: ManifestDocument;
}

/** Schema 1 is asked for as well: the refusal can then say what is wrong, where some registries would just say 404. */
const ACCEPT = [...MANIFEST_MEDIA_TYPES, MEDIA_TYPE.dockerSchema1Signed, '*/*;q=0.1'].join(', ');

/** The descriptor of a manifest by HEAD; undefined where the server does not tell enough, so that it has to be fetched. */
export async function headManifest(session: Session, reference: ImageReference): Promise<Descriptor | undefined> {
  const response = await session.send({ ...manifestRequest(reference), method: 'HEAD', accept: [200, 405] });
  await discardBody(response);
  const header = response.headers['docker-content-digest'];
  const size = Number(response.headers['content-length'] ?? Number.NaN);
  const mediaType = bareMediaType(response.headers['content-type'] ?? '');
  const digest = reference.digest ?? (isDigest(header) ? header : undefined);
  if (response.status !== 200 || !digest || !Number.isSafeInteger(size) || size <= 0) return undefined;
  const isKnown = MANIFEST_MEDIA_TYPES.includes(mediaType) || isSchema1Type(mediaType);
  return isKnown ? { mediaType, digest, size } : undefined;
}

/** Fetch a manifest or an index by the reference's digest, else by its tag, and verify it. */
export async function getManifest(session: Session, reference: ImageReference): Promise<FetchedManifest> {
  const response = await session.send({ ...manifestRequest(reference), method: 'GET', accept: [200] });
  const bytes = await readManifestBody(response, reference);
  const contentType = bareMediaType(response.headers['content-type'] ?? '');
  const digest = verifiedDigest(session, reference, response, bytes, contentType);
  const document = parseManifestDocument(bytes, contentType === '' ? undefined : contentType);
  const { mediaType } = document.kind === 'index' ? document.index : document.manifest;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes, document };
}

/** Put a manifest under the reference's digest, else under its tag. Blobs and manifests that it names must be there. */
export async function putManifest(
  session: Session,
  reference: ImageReference,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Digest> {
  const digest = digestOf(bytes);
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new PouchError('invalid-argument', `manifest has the digest ${digest}, not ${reference.digest}`);
  }
  const response = await session.send({
    method: 'PUT',
    target: manifestTarget(reference),
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
    body: () => bytes,
    scopes: [pushScope(reference)],
    accept: [200, 201, 202],
    what: `pushing the manifest of ${canonicalString(reference)}`,
    timeout: session.timeouts.commit,
  });
  await discardBody(response);
  const stored = response.headers['docker-content-digest'];
  if (isDigest(stored) && digestAlgorithm(stored) === 'sha256' && stored !== digest) {
    throw new PouchError(
      'data-loss',
      `${session.host} stored the manifest of ${canonicalString(reference)} as ${stored}, not as ${digest}`,
    );
  }
  return digest;
}

function manifestRequest(reference: ImageReference) {
  return {
    target: manifestTarget(reference),
    headers: { accept: ACCEPT },
    scopes: [pullScope(reference)],
    what: `manifest for ${canonicalString(reference)}`,
  };
}

function manifestTarget(reference: ImageReference): string {
  return `v2/${reference.path}/manifests/${reference.digest ?? reference.tag ?? 'latest'}`;
}

async function readManifestBody(response: HttpResponse, reference: ImageReference): Promise<Buffer> {
  const length = Number(response.headers['content-length'] ?? 0);
  if (length > MANIFEST_SIZE_LIMIT) {
    response.body.destroy();
    throw new PouchError(
      'too-large',
      `manifest for ${canonicalString(reference)} has ${length} bytes; at most ${MANIFEST_SIZE_LIMIT} are accepted`,
    );
  }
  return await readBody(response, MANIFEST_SIZE_LIMIT);
}

function verifiedDigest(
  session: Session,
  reference: ImageReference,
  response: HttpResponse,
  bytes: Buffer,
  contentType: string,
): Digest {
  const header = response.headers['docker-content-digest'];
  const expected = reference.digest ?? (isDigest(header) ? header : undefined);
  const actual = digestOf(bytes, expected ? digestAlgorithm(expected) : 'sha256');
  // A schema 1 digest covers the payload without its signature; such a document is refused later, with its reason.
  if (expected !== undefined && expected !== actual && !isSchema1Type(contentType)) {
    throw new PouchError(
      'data-loss',
      `manifest ${expected} of ${canonicalName(reference)} from registry ${session.host} is corrupted: its content has the digest ${actual}`,
    );
  }
  return actual;
}
