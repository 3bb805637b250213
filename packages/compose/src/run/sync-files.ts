import { lstat, readFile, readlink } from 'node:fs/promises';
import { errnoCode } from '@pouch/base';
import { demultiplex } from '@pouch/client';
import { pack } from 'tar-stream';
import type { Session } from './session.ts';

export interface FileChange {
  /** Here. */
  readonly from: string;
  /** In the container, absolute. */
  readonly to: string;
}

/** Bring files to a container as they are here now; those that are gone here go there too. */
export async function syncFiles(session: Session, container: string, changes: readonly FileChange[]): Promise<void> {
  const tar = pack();
  const gone: string[] = [];
  let count = 0;
  for (const { from, to } of changes) {
    const stat = await lstat(from).catch((error: unknown) => {
      if (errnoCode(error) !== 'ENOENT') throw error;
      return undefined;
    });
    if (!stat) {
      gone.push(to);
      continue;
    }
    const header = { name: to.slice(1), mode: stat.mode & 0o7777, mtime: stat.mtime, uid: 0, gid: 0 };
    if (stat.isSymbolicLink()) tar.entry({ ...header, type: 'symlink', linkname: await readlink(from) });
    else if (stat.isFile()) tar.entry({ ...header, type: 'file' }, await readFile(from));
    else continue;
    count += 1;
  }
  tar.finalize();
  if (count > 0) {
    await session.client.archive.put(container, '/', tar as unknown as AsyncIterable<Uint8Array>);
  }
  if (gone.length > 0) await removeFiles(session, container, gone);
}

async function removeFiles(session: Session, container: string, paths: readonly string[]): Promise<void> {
  const { execs } = session.client;
  const exec = await execs.create(container, {
    Cmd: ['rm', '-rf', '--', ...paths],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await execs.attach(exec, {});
  let said = '';
  await demultiplex(stream.output, (_, data) => {
    said += Buffer.from(data).toString('utf8');
  });
  if (said.trim() !== '') session.progress.warn(said.trim());
}
