const PREFIX = 'x-docker-expose-session-';

/** The headers that describe a session, from a request's raw ones: a method's header comes once per method. */
export function sessionHeaders(rawHeaders: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] as string).toLowerCase();
    if (name.startsWith(PREFIX)) (headers[name] ??= []).push(rawHeaders[at + 1] as string);
  }
  return headers;
}

/** The id of the session that these headers describe. */
export function sessionId(headers: Readonly<Record<string, readonly string[]>>): string | undefined {
  return headers[`${PREFIX}uuid`]?.[0];
}
