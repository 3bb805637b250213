import { execFile } from 'node:child_process';
import { link, lstat, mkdtemp, rm, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errnoCode, exec } from '@pouch/base';
import { pack } from 'tar-stream';
import { type ByteString, type Survey, WHITEOUT_PREFIX } from './thread/protocol.ts';

const run = promisify(execFile);
const RESERVED = `${WHITEOUT_PREFIX}${WHITEOUT_PREFIX}`;
const OPAQUE = `${RESERVED}.opq`;

/**
 * Turn the whiteout files of one extracted layer into what overlayfs takes for them: character devices 0/0, and an attribute
 * on directories that hide what is below them. A base layer has nothing to remove: there the files just go. False where a
 * case is met that is left to containerd; the directory is then of no more use.
 */
export async function convertWhiteouts(
  root: string,
  whiteouts: Survey['whiteouts'],
  isBase: boolean,
): Promise<boolean> {
  if (whiteouts.length === 0) return true;
  const opaque = whiteouts.filter(({ name }) => name === OPAQUE).map(({ directory }) => directory);
  const plain = whiteouts.filter(({ name }) => name !== OPAQUE);
  if (plain.some(({ name }) => name.startsWith(RESERVED))) return false;
  // Beside the layer, so that it can be linked into it: whiteouts may be one inode.
  const scratch = await mkdtemp(join(dirname(root), 'whiteout-'));
  try {
    const device = join(scratch, 'whiteout');
    if (!isBase && plain.length > 0) await run('mknod', ['-m', '0', device, 'c', '0', '0']);
    for (const { directory, name } of whiteouts) {
      const inside = absolute(root, directory);
      const before = await lstat(inside);
      await unlink(absolute(inside, name));
      if (!isBase && name !== OPAQUE) {
        const hidden = absolute(inside, name.slice(WHITEOUT_PREFIX.length));
        // The layer removes and brings anew under one name: what comes out depends on the order.
        if (!(await linkUnlessThere(device, hidden))) return false;
      }
      await utimes(inside, before.atimeMs / 1000, before.mtimeMs / 1000);
    }
    return isBase || (await markOpaque(root, opaque));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function absolute(root: string | Buffer, path: ByteString): Buffer {
  return Buffer.concat([Buffer.from(root as string), Buffer.from('/'), Buffer.from(path, 'latin1')]);
}

async function linkUnlessThere(device: string, path: Buffer): Promise<boolean> {
  try {
    await link(device, path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Node cannot set extended attributes; tar can, from an archive that names the directories as they are. */
async function markOpaque(root: string, directories: readonly ByteString[]): Promise<boolean> {
  if (directories.length === 0) return true;
  const tar = pack();
  const chunks: Buffer[] = [];
  const collected = (async () => {
    for await (const chunk of tar) chunks.push(chunk as Buffer);
  })();
  for (const directory of directories) {
    const bytes = Buffer.from(directory === '' ? '.' : directory, 'latin1');
    const name = bytes.toString('utf8');
    if (!Buffer.from(name).equals(bytes)) return false;
    const { mode, uid, gid, mtime } = await lstat(absolute(root, directory));
    const pax = { 'SCHILY.xattr.trusted.overlay.opaque': 'y' };
    tar.entry({ name: `${name}/`, type: 'directory', mode: mode & 0o7777, uid, gid, mtime, pax });
  }
  tar.finalize();
  await collected;
  const options = ['-x', '-p', '--same-owner', '--numeric-owner', '--xattrs', '--xattrs-include=*', '-C', root];
  await exec('tar', options, { input: Buffer.concat(chunks) });
  return true;
}
