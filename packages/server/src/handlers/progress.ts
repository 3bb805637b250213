import type { JSONMessage } from '@pouch/api';
import type { Progress } from '@pouch/engine';
import type { Call } from '../http/call.ts';

/**
 * Sends an engine's progress to the client as it happens. To a client that reads slowly, counts of bytes that later ones
 * replace are left out; everything else is kept.
 */
export function progressTo(call: Call): Progress {
  const out = call.jsonStream('\r\n');
  return (message: JSONMessage) => out.push(message, message.progressDetail?.current !== undefined);
}

/** End the stream of progress; one that never began is answered as empty. */
export function endProgress(call: Call): void {
  call.jsonStream('\r\n').end();
}
