import type { Http2Session } from 'node:http2';

/**
 * Let the peer send so many bytes ahead on all streams together. Not on Bun (1.4), which then gives its streams no more room
 * once they have had their first: there the connection has HTTP/2's 64 KiB.
 */
export function setConnectionWindow(session: Http2Session, bytes: number): void {
  if (process.versions['bun'] === undefined) session.setLocalWindowSize(bytes);
}
