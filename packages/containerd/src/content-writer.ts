import { PouchError } from '@pouch/base';
import {
  type ContentDefinition,
  WriteAction,
  type WriteContentResponse,
} from './generated/containerd/services/content.ts';
import type { DuplexCall, RequestOf } from '@pouch/grpc';
import type { Labels } from './types.ts';

type WriteRequest = RequestOf<typeof ContentDefinition, 'write'>;
type WriteCall = DuplexCall<WriteRequest, WriteContentResponse>;

/** Bytes per message; containerd takes up to 16 MiB, and answers each. */
const CHUNK = 1 << 20;

/** One open ingest. Writes go out while earlier ones are still unanswered, so that the answers cost no round trip each. */
export class ContentWriter implements Disposable {
  readonly ref: string;
  readonly #call: WriteCall;
  readonly #size: number;
  readonly #digest: string;
  #offset: number;
  #unanswered = 0;

  private constructor(call: WriteCall, ref: string, size: number, digest: string, offset: number) {
    this.#call = call;
    this.ref = ref;
    this.#size = size;
    this.#digest = digest;
    this.#offset = offset;
  }

  static async open(
    call: WriteCall,
    request: { readonly ref: string; readonly size?: number | undefined; readonly digest?: string | undefined },
  ): Promise<ContentWriter> {
    const { ref, size = 0, digest = '' } = request;
    try {
      await call.write({ action: WriteAction.STAT, ref, total: BigInt(size), expected: digest });
      const { offset } = await nextAnswer(call);
      return new ContentWriter(call, ref, size, digest, Number(offset));
    } catch (error) {
      call[Symbol.dispose]();
      throw error;
    }
  }

  /** Where the next byte goes: more than 0 when an earlier writer left something. */
  get offset(): number {
    return this.#offset;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += CHUNK) {
      const chunk = data.subarray(at, at + CHUNK);
      await this.#call.write({ action: WriteAction.WRITE, offset: BigInt(this.#offset), data: chunk });
      this.#offset += chunk.length;
      this.#unanswered += 1;
      if (this.#unanswered > 4) await this.#answer();
    }
  }

  /**
   * Make the ingest a blob. containerd compares size and digest with what was expected (`conflict` where they differ).
   * Resolves with the digest; `already-exists` when another committed it first.
   */
  async commit(labels: Labels = {}): Promise<string> {
    while (this.#unanswered > 0) await this.#answer();
    await this.#call.write({
      action: WriteAction.COMMIT,
      ref: this.ref,
      total: BigInt(this.#size),
      offset: BigInt(this.#offset),
      expected: this.#digest,
      labels: { ...labels },
    });
    const { digest } = await nextAnswer(this.#call);
    this.#call.end();
    return digest || this.#digest;
  }

  [Symbol.dispose](): void {
    this.#call[Symbol.dispose]();
  }

  async #answer(): Promise<void> {
    await nextAnswer(this.#call);
    this.#unanswered -= 1;
  }
}

async function nextAnswer(call: WriteCall): Promise<WriteContentResponse> {
  const { value, done } = await call.responses.next();
  if (done) throw new PouchError('upstream', 'containerd ended the write before it was done.');
  return value;
}
