import type { CallContext } from '@pouch/grpc';

/** Values of a header of BuildKit's, which escapes what is not ASCII and says so in another header. */
export function decodedMetadata(context: CallContext, name: string): string[] {
  const values = context.metadata(name);
  const encoded = /^(1|t|true)$/i.test(context.metadata(`${name}-encoded`)[0] ?? '');
  return values.map((value) => (encoded ? decodeURIComponent(value.replaceAll('+', ' ')) : value));
}
