import { peekStream } from '@pouch/base';
import { ExitError } from '../app/errors.ts';

/** What came from standard input in place of a directory. */
export type StdinContext =
  | { readonly kind: 'archive'; readonly body: AsyncIterable<Uint8Array> }
  | { readonly kind: 'dockerfile'; readonly content: Buffer };

/** An archive by its first bytes, compressed or not; anything else is a Dockerfile. */
export async function readStdinContext(stdin: AsyncIterable<Uint8Array>): Promise<StdinContext> {
  const { head, stream } = await peekStream(stdin, 512);
  if (isArchive(head)) return { kind: 'archive', body: stream };
  if (head.length === 0) throw new ExitError(1, 'unable to prepare context: nothing came from stdin');
  return { kind: 'dockerfile', content: await readAll(stream) };
}

const MAGIC: readonly Buffer[] = [
  Buffer.from([0x1f, 0x8b, 0x08]),
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
  Buffer.from('BZh'),
];

function isArchive(head: Buffer): boolean {
  return (
    MAGIC.some((magic) => magic.equals(head.subarray(0, magic.length))) || head.toString('latin1', 257, 262) === 'ustar'
  );
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
