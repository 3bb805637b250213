import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import ssh2 from 'ssh2';

/** The container's host key, made the first time: clients know the container again as long as it lives. */
export function hostKey(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${randomBytes(4).toString('hex')}`;
    writeFileSync(temporary, ssh2.utils.generateKeyPairSync('ed25519').private, { mode: 0o600, flush: true });
    try {
      linkSync(temporary, path);
    } catch {
      // Another start was faster.
    }
    rmSync(temporary);
    return readFileSync(path, 'utf8');
  }
}
