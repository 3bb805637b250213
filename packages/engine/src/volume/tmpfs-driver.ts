import { parseBytes, PouchError } from '@pouch/base';
import { LocalDriver } from './local-driver.ts';
import type { LocalMount } from './local-options.ts';

/**
 * Volumes in memory, shared by the containers that use them and gone with the last one. Options: `size` (bytes, or with a
 * unit), `mode` (octal), `uid`, `gid`.
 */
export class TmpfsDriver extends LocalDriver {
  override readonly name = 'tmpfs';

  protected override quotaOf(): undefined {
    return undefined;
  }

  protected override parseOptions(options: Readonly<Record<string, string>>): LocalMount {
    const list = Object.entries(options).map(([name, value]) => {
      if (name === 'size') return `size=${parseBytes(value)}`;
      if (name === 'mode' && /^[0-7]{1,4}$/.test(value)) return `mode=${value}`;
      if ((name === 'uid' || name === 'gid') && /^\d{1,10}$/.test(value)) return `${name}=${value}`;
      throw new PouchError(
        'invalid-argument',
        `invalid option: "${name}=${value}" (the tmpfs driver takes size, mode, uid and gid)`,
      );
    });
    return { type: 'tmpfs', device: 'tmpfs', options: ['nosuid', 'nodev', ...list] };
  }
}
