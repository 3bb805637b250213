import type { JSONMessage } from '@pouch/api';
import { PouchError } from '@pouch/base';

/** Throws the failure that a line of progress reports. */
export function throwReported(message: JSONMessage): void {
  if (message.error === undefined && !message.errorDetail) return;
  throw new PouchError('upstream', message.errorDetail?.message || message.error || 'the daemon reported a failure', {
    details: { status: 500 },
  });
}

/** The name, and the tag or digest; `latest` where there is neither. */
export function splitReference(image: string): { readonly name: string; readonly tag: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { name: image.slice(0, at).replace(/:[^:/]+$/, ''), tag: image.slice(at + 1) };
  const colon = image.lastIndexOf(':');
  if (colon < 0 || image.slice(colon).includes('/')) return { name: image, tag: 'latest' };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1) };
}
