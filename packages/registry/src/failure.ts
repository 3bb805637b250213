import { type ErrorCode, errnoCode, errorMessage, PouchError } from '@pouch/base';
import type { HttpResponse } from './http.ts';
import { readBody } from './http.ts';

const ERROR_BODY_LIMIT = 64 * 1024;

/** An answer of a registry that is not the one asked for. */
export class RegistryFailure extends PouchError {
  readonly status: number;
  /** The registry's own codes (distribution-spec, "Error Codes"): `MANIFEST_UNKNOWN`, `DENIED`, … */
  readonly registryCodes: readonly string[];

  constructor(status: number, registryCodes: readonly string[], message: string) {
    super(codeOf(status), message, { details: { status, registryCodes } });
    this.status = status;
    this.registryCodes = registryCodes;
  }
}

/** Read the error that a registry sent. `what` says what was asked, for answers that do not explain themselves. */
export async function readFailure(response: HttpResponse, what: string): Promise<RegistryFailure> {
  const body = await readBody(response, ERROR_BODY_LIMIT, 5_000).catch(() => Buffer.alloc(0));
  const errors = parseErrors(body.toString('utf8'));
  const said = errors.map(({ code, message }) => `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`).join('; ');
  const { host } = response.url;
  return new RegistryFailure(
    response.status,
    errors.map(({ code }) => code),
    said === ''
      ? `${what}: ${host} answered with HTTP status ${response.status} ${printable(response.body.statusMessage ?? '')}`.trim()
      : `${what}: ${host} said ${said}`,
  );
}

/** Text from a stranger on one line without control characters, cut to a bearable length. */
export function printable(text: string, limit = 300): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/** An error of the network as `unavailable`, with the host's name; others as they are. */
export function describeNetworkError(error: unknown, what: string, host: string): Error {
  if (error instanceof PouchError || (error instanceof Error && error.name === 'AbortError')) return error;
  const hint = UNTRUSTED.has(errnoCode(error) ?? '') ? `. ${trustHint(host)}` : '';
  const message = `${what}: cannot reach ${host}: ${networkMessage(error)}${hint}`;
  return new PouchError('unavailable', message, { cause: error });
}

/** OpenSSL's names for a certificate whose authority is not known here. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function trustHint(host: string): string {
  return (
    `This host does not trust the authority that signed the registry's certificate: put that authority's certificate ` +
    `into ${host}/ca.crt in the directory of the setting certs-dir, or list the registry in insecure-registries`
  );
}

function networkMessage(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorMessage(error.errors[0]);
  return errorMessage(error);
}

function parseErrors(text: string): { code: string; message: string }[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return [];
  }
  const list = field(document, 'errors');
  if (!Array.isArray(list)) return [];
  return list.slice(0, 5).map((entry: unknown) => {
    const code = field(entry, 'code');
    const message = field(entry, 'message');
    return {
      code: typeof code === 'string' ? printable(code, 60) : 'UNKNOWN',
      message: typeof message === 'string' && message !== '' ? printable(message) : 'no explanation',
    };
  });
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined;
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return 'unauthenticated';
  if (status === 403) return 'permission-denied';
  if (status === 404) return 'not-found';
  if (status === 405) return 'method-not-allowed';
  if (status === 413) return 'too-large';
  if (status === 429 || status === 503) return 'unavailable';
  return 'upstream';
}
