import type { OutgoingHttpHeaders } from 'node:http2';

/** Pseudo headers and those of one connection are not passed on. */
const NOT_FORWARDED =
  /^(:.*|connection|host|http2-settings|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/;

/**
 * Headers to pass on, from a pair-wise list: gRPC metadata may hold a name several times, which Node.js' own object joins to
 * one value.
 */
export function forwardedHeaders(raw: readonly (string | Buffer)[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    if (NOT_FORWARDED.test(name)) continue;
    const value = String(raw[at + 1]);
    const known = headers[name];
    headers[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value];
  }
  return headers;
}
