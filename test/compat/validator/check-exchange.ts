import {
  acceptVersion,
  API_VERSION,
  type Endpoint,
  endpointOf,
  ErrorResponse,
  matchAbsent,
  matchEndpoint,
  minorOf,
  MULTIPLEXED_STREAM,
  RAW_STREAM,
  type ResponseSpec,
  splitVersion,
  violations,
} from '@pouch/api';
import type { Exchange } from './exchange.ts';

/** Headers of every answer that stays HTTP. */
const ALWAYS = ['api-version', 'docker-experimental', 'ostype', 'server'];
/** The first version whose media type tells frames from raw bytes. */
const MULTIPLEXED_SINCE = 42;
const JSON_TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson', 'application/json-seq'];

export interface Checked {
  /** The operation of the contract, or what else it was. */
  readonly operation: string;
  /** The number behind `1.`. */
  readonly version: number;
  readonly faults: readonly string[];
}

/** What of an answer is not as the contract says that Docker answers in that version. */
export function checkExchange(exchange: Exchange): Checked {
  const [pathname = '', ...rest] = exchange.url.split('?');
  const { version: asked, path } = splitVersion(pathname);
  let version = minorOf(API_VERSION);
  try {
    version = minorOf(acceptVersion(asked));
  } catch {
    return { operation: 'a version out of range', version, faults: exchange.status === 400 ? [] : ['expected 400'] };
  }
  const match = matchEndpoint(exchange.method, path);
  if (match.kind !== 'found') return { version, ...checkOther(exchange, path, version) };
  const endpoint = endpointOf(match.operation);
  const tooNew = endpoint.since !== undefined && minorOf(endpoint.since) > version;
  if (tooNew && !isBeforeDocker29(exchange)) {
    return {
      operation: match.operation,
      version,
      faults: [...errorFaults(exchange, version), ...only(exchange, [400, 404])],
    };
  }
  if (tooNew) return { operation: match.operation, version, faults: errorFaults(exchange, version) };
  const faults = checkAnswer(exchange, endpoint, version, new URLSearchParams(rest.join('?')));
  return { operation: match.operation, version, faults };
}

/** Older daemons serve whatever they know in any version. */
function isBeforeDocker29({ headers }: Exchange): boolean {
  return /^Docker\/(1\d|2[0-8])\./.test(headers.get('server') ?? '');
}

function checkOther(exchange: Exchange, path: string, version: number): Omit<Checked, 'version'> {
  const absent = matchAbsent(exchange.method, path);
  if (absent) {
    if (exchange.status < 400) return { operation: `absent ${absent.feature}`, faults: [] };
    return { operation: `absent ${absent.feature}`, faults: errorFaults(exchange, version) };
  }
  if (exchange.method === 'OPTIONS') return { operation: 'OPTIONS', faults: only(exchange, [200]) };
  return { operation: 'no page', faults: [...only(exchange, [404]), ...errorFaults(exchange, version)] };
}

function checkAnswer(exchange: Exchange, endpoint: Endpoint, version: number, query: URLSearchParams): string[] {
  const { status } = exchange;
  const spec = endpoint.responses[status];
  if (spec) {
    return [...headerFaults(exchange, endpoint, spec), ...bodyFaults(exchange, endpoint, spec, version, query)];
  }
  const declared = [400, 500, ...(endpoint.errors ?? [])];
  const faults = declared.includes(status) ? [] : [`the status ${status} is not declared`];
  return [...faults, ...errorFaults(exchange, version)];
}

function headerFaults({ status, headers }: Exchange, endpoint: Endpoint, spec: ResponseSpec): string[] {
  if (status === 101 || endpoint.hijack) return [];
  return [...ALWAYS, ...Object.keys(spec.headers ?? {}).map((name) => name.toLowerCase())]
    .filter((name) => !headers.has(name))
    .map((name) => `the header ${name} is missing`);
}

function bodyFaults(
  exchange: Exchange,
  endpoint: Endpoint,
  spec: ResponseSpec,
  version: number,
  query: URLSearchParams,
): string[] {
  const { body, headers, partial } = exchange;
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  switch (spec.kind) {
    case 'empty':
      return body.length > 0 ? [`a body of ${body.length} bytes where none is declared`] : [];
    case 'text':
      return expectType(type, ['text/plain']);
    case 'binary':
      return expectType(type, [spec.mediaType, 'application/octet-stream']);
    case 'stdio':
      return endpoint.websocket ? [] : stdioFaults(exchange, type, version);
    case 'json':
      if (partial) return expectType(type, ['application/json']);
      return [...expectType(type, ['application/json']), ...jsonFaults(spec, body, version)];
    case 'json-stream':
      // Docker names no type for a stream of statistics.
      return [...expectType(type, ['', ...JSON_TYPES]), ...streamFaults(spec, body, version, partial, query)];
  }
}

function stdioFaults(exchange: Exchange, type: string, version: number): string[] {
  if (exchange.body.length === 0 && type === '') return [];
  // Docker 20.10 names no type at all.
  const allowed = version >= MULTIPLEXED_SINCE ? [RAW_STREAM, MULTIPLEXED_STREAM] : [RAW_STREAM, ''];
  return expectType(type, allowed);
}

function expectType(type: string, allowed: readonly string[]): string[] {
  return allowed.includes(type) ? [] : [`the media type is '${type}', not ${allowed.join(' or ')}`];
}

function jsonFaults(spec: ResponseSpec & { kind: 'json' | 'json-stream' }, body: Buffer, version: number): string[] {
  const parsed = tryParse(body.toString('utf8'));
  return 'error' in parsed ? [parsed.error] : violations(spec.schema, parsed.value, version).filter(isOurs);
}

/** Docker 29 gives the lists of /system/df their newest form whatever the version; Pouch, that of the version. */
function isOurs(fault: string): boolean {
  return !/^(Images|Containers)\[\d+\]\.(Descriptor|Health|HostConfig\.Annotations|ImageManifestDescriptor): unknown field$/.test(
    fault,
  );
}

/** One value after another, each on a line, or behind a record separator (RFC 7464). */
function streamFaults(
  spec: ResponseSpec & { kind: 'json-stream' },
  body: Buffer,
  version: number,
  partial: boolean,
  query: URLSearchParams,
): string[] {
  const lines = body.toString('utf8').split(/\r?\n/);
  if (partial) lines.pop();
  const values = lines.map((line) => line.replace(/^\u001e/, '')).filter((line) => line.trim() !== '');
  // A single reading of statistics may be spread over lines by nobody, but be without a line's end.
  const faults = new Set<string>();
  for (const line of values) {
    const parsed = tryParse(line);
    const found = 'error' in parsed ? [parsed.error] : violations(spec.schema, parsed.value, version);
    for (const fault of found) faults.add(fault);
  }
  return query.get('quiet') === '1' ? [] : [...faults];
}

function errorFaults(exchange: Exchange, version: number): string[] {
  const { method, status, body, headers } = exchange;
  if (method === 'HEAD' || status === 304 || status < 400) return [];
  const parsed = tryParse(body.toString('utf8'));
  if ('error' in parsed) return [`an error without a message: ${parsed.error}`];
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  return [...violations(ErrorResponse, parsed.value, version), ...expectType(type, ['application/json'])];
}

function only({ status }: Exchange, allowed: readonly number[]): string[] {
  return allowed.includes(status) ? [] : [`the status is ${status}, not ${allowed.join(' or ')}`];
}

function tryParse(text: string): { readonly value: unknown } | { readonly error: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: `not JSON (${(error as Error).message}): ${JSON.stringify(text.slice(0, 80))}` };
  }
}
