import { createHash, timingSafeEqual } from 'node:crypto';
import ssh2, { type PublicKeyAuthContext } from 'ssh2';

interface AuthorisedKey {
  readonly type: string;
  readonly blob: Buffer;
  readonly key: ReturnType<typeof ssh2.utils.parseKey>;
  readonly name: string;
}

/** The public keys that may log in. */
export class AuthorisedKeys {
  readonly #keys: readonly AuthorisedKey[];

  /** Lines of an authorized_keys file; those that are no keys were refused when the container was made. */
  constructor(lines: readonly string[]) {
    this.#keys = lines.flatMap((line) => {
      const key = ssh2.utils.parseKey(line);
      if (key instanceof Error) return [];
      const blob = key.getPublicSSH();
      return [{ type: key.type, blob, key, name: fingerprint(blob) }];
    });
  }

  /** The fingerprint of the key that the client has shown, or undefined; with a signature it is checked. */
  check(context: PublicKeyAuthContext): string | undefined {
    const found = this.#keys.find(
      ({ blob }) => blob.length === context.key.data.length && timingSafeEqual(blob, context.key.data),
    );
    if (!found || found.key instanceof Error) return undefined;
    if (context.signature === undefined || context.blob === undefined) return found.name;
    return found.key.verify(context.blob, context.signature, context.hashAlgo) === true ? found.name : undefined;
  }
}

/** As ssh-keygen -l prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
