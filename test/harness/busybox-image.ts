import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@pouch/base';

/** A root file system as a tar file, made of the host's static busybox with all its applets. About 2 MB. */
export async function busyboxArchive(path: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-busybox-'));
  try {
    for (const name of ['bin', 'etc', 'tmp', 'root', 'var', 'home']) mkdirSync(join(directory, name));
    copyFileSync('/bin/busybox', join(directory, 'bin/busybox'));
    const { stdout } = await exec('/bin/busybox', ['--list']);
    for (const applet of stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
      symlinkSync('busybox', join(directory, 'bin', applet));
    }
    writeFileSync(join(directory, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n');
    writeFileSync(join(directory, 'etc/group'), 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n');
    await exec('tar', ['-C', directory, '-cf', path, '.']);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
