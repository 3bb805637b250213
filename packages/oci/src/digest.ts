import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { PouchError } from '@pouch/base';

export type DigestAlgorithm = 'sha256' | 'sha512';

/** A content digest, `algorithm:lower-case-hex` (OCI image-spec, descriptor.md#digests). Get one from `parseDigest`. */
export type Digest = `${DigestAlgorithm}:${string}`;

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && digestProblem(text) === undefined;
}

/** The text as a digest. Throws invalid-argument for an unknown algorithm, a wrong length or anything but lower-case hex. */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined) throw new PouchError('invalid-argument', problem);
  return text as Digest;
}

/** Why the text is no digest, in Docker's words, or undefined when it is one. */
export function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || text.length > 200) return 'invalid checksum digest format';
  const algorithm = text.slice(0, colon);
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return 'unsupported digest algorithm';
  const hex = text.slice(colon + 1);
  if (hex.length !== HEX_LENGTH[algorithm]) return 'invalid checksum digest length';
  return /^[0-9a-f]+$/.test(hex) ? undefined : 'invalid checksum digest format';
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(data: string | Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(data).digest('hex')}`;
}

/** Hashes what it is fed and says at the end whether the content is the one named by `expected`. */
export class DigestVerifier {
  readonly expected: Digest;
  readonly #hash: Hash;
  #bytes = 0;

  constructor(expected: Digest) {
    this.expected = expected;
    this.#hash = createHash(digestAlgorithm(expected));
  }

  /** Bytes hashed so far. */
  get bytes(): number {
    return this.#bytes;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
  }

  /** The digest of everything fed. Call once. */
  finish(): Digest {
    return `${digestAlgorithm(this.expected)}:${this.#hash.digest('hex')}`;
  }
}

/** A pass-through that fails with data-loss at its end when the bytes do not have this digest (and size, where given). */
export class VerifyStream extends Transform {
  readonly #verifier: DigestVerifier;
  readonly #size: number | undefined;

  constructor(expected: Digest, size?: number) {
    super();
    this.#verifier = new DigestVerifier(expected);
    this.#size = size;
  }

  override _transform(chunk: Uint8Array, _encoding: string, done: TransformCallback): void {
    this.#verifier.update(chunk);
    if (this.#size !== undefined && this.#verifier.bytes > this.#size) done(this.#wrongSize());
    else done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    if (this.#size !== undefined && this.#verifier.bytes !== this.#size) {
      done(this.#wrongSize());
      return;
    }
    const actual = this.#verifier.finish();
    done(
      actual === this.#verifier.expected
        ? null
        : new PouchError('data-loss', `content has digest ${actual}, expected ${this.#verifier.expected}`),
    );
  }

  #wrongSize(): PouchError {
    const { bytes, expected } = this.#verifier;
    return new PouchError('data-loss', `content of ${expected} has ${bytes} bytes or more, expected ${this.#size}`);
  }
}
