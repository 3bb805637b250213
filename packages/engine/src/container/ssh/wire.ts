/** What one session's connection between the SSH process and the daemon carries. Each frame: kind, length (32 bits), bytes. */
export const FRAME = {
  // From the SSH process.
  open: 1,
  input: 2,
  inputEnd: 3,
  resize: 4,
  signal: 5,
  // From the daemon.
  stdout: 10,
  stderr: 11,
  exit: 12,
  failed: 13,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  readonly kind: number;
  readonly data: Buffer;
}

/** A session that a client asks for. */
export interface SessionRequest {
  readonly container: string;
  readonly user: string;
  /** The login shell for undefined; a name of ours for `sftp`. */
  readonly command?: string;
  readonly subsystem?: 'sftp';
  /** Sent by the client, `NAME=value`. */
  readonly env: readonly string[];
  readonly pty?: { readonly term: string; readonly height: number; readonly width: number };
}

/** No honest frame is longer: SSH's own packets are below 64 KiB. */
const LONGEST = 1024 * 1024;

export function frame(kind: FrameKind, data: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(data);
  const head = Buffer.alloc(5);
  head.writeUInt8(kind, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Cuts a byte stream into frames. Throws for one that is too long. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Frame[] = [];
    while (this.#rest.length >= 5) {
      const length = this.#rest.readUInt32BE(1);
      if (length > LONGEST) throw new RangeError(`a frame of ${length} bytes`);
      if (this.#rest.length < 5 + length) break;
      frames.push({ kind: this.#rest.readUInt8(0), data: this.#rest.subarray(5, 5 + length) });
      this.#rest = this.#rest.subarray(5 + length);
    }
    return frames;
  }
}

/** From the daemon to the SSH process. */
export type SshCommand =
  | {
      readonly kind: 'open';
      readonly container: string;
      /** /proc/PID/ns/net or a file that holds it. */
      readonly netns: string;
      readonly port: number;
      /** Lines of an authorized_keys file. */
      readonly keys: readonly string[];
      readonly hostKeyFile: string;
      readonly nameservers: readonly string[];
    }
  | { readonly kind: 'close'; readonly container: string };

/** From the SSH process to the daemon. */
export type SshReport =
  | { readonly kind: 'opened'; readonly container: string; readonly fingerprint: string }
  | { readonly kind: 'failed'; readonly container: string; readonly message: string }
  | {
      readonly kind: 'login' | 'logout';
      readonly container: string;
      readonly user: string;
      readonly address: string;
      readonly key: string;
      readonly session: string;
    };
