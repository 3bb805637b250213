import { constants } from 'node:fs';
import { chmod, type FileHandle, link, lstat, mkdir, open, rename, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import { Packet_PacketType as TYPE, type Packet } from '../generated/buildkit/session/fsutil.ts';
import { isDirectoryMode, isRegularMode, isSymlinkMode, permissionsOf } from './file-mode.ts';
import type { PacketStream } from './send-tree.ts';

type Stat = NonNullable<Packet['stat']>;

/**
 * Take a tree into a directory, by the protocol of {@link sendTree}: what is there stays, unless something of its name comes.
 * Everything is ours, whoever it belonged to. Nothing gets out of the directory: names go one directory down at a time, and
 * each has to be one that came before.
 */
export async function receiveTree(root: string, stream: PacketStream): Promise<void> {
  await mkdir(root, { recursive: true });
  const receiver = new Receiver(root, stream);
  try {
    await receiver.run();
  } catch (error) {
    await stream.send({ type: TYPE.PACKET_ERR, data: Buffer.from(errorMessage(error)) }).catch(() => {});
    throw error;
  } finally {
    await receiver.close();
  }
}

interface Incoming {
  readonly stat: Stat;
  readonly temporary: string;
  readonly file: FileHandle;
}

class Receiver {
  readonly #root: string;
  readonly #stream: PacketStream;
  readonly #directories = new Map<string, Stat | undefined>([['', undefined]]);
  readonly #files = new Set<string>();
  readonly #incoming = new Map<number, Incoming>();
  /** Hard links, which are made when the files have their contents. */
  readonly #links: Stat[] = [];
  #told = false;

  constructor(root: string, stream: PacketStream) {
    this.#root = root;
    this.#stream = stream;
  }

  async run(): Promise<void> {
    let count = 0;
    for await (const packet of this.#stream.packets) {
      if (packet.type === TYPE.PACKET_ERR) throw new PouchError('upstream', Buffer.from(packet.data).toString());
      if (packet.type === TYPE.PACKET_FIN) return;
      if (packet.type === TYPE.PACKET_STAT) {
        if (packet.stat) await this.#entry(packet.stat, count++);
        else this.#told = true;
      } else if (packet.type === TYPE.PACKET_DATA) await this.#data(packet.ID, packet.data);
      if (this.#told && this.#incoming.size === 0) await this.#finish();
    }
    throw new PouchError('data-loss', 'the build ended before all files of its result had come');
  }

  async close(): Promise<void> {
    for (const { file, temporary } of this.#incoming.values()) {
      await file.close();
      await rm(temporary, { force: true });
    }
  }

  async #entry(stat: Stat, id: number): Promise<void> {
    const path = this.#place(stat.path);
    if (isDirectoryMode(stat.mode)) {
      await makeDirectory(path);
      this.#directories.set(stat.path, stat);
    } else if (isSymlinkMode(stat.mode)) {
      await rm(path, { recursive: true, force: true });
      await symlink(stat.linkname, path);
    } else if (!isRegularMode(stat.mode)) {
      throw new PouchError('unsupported', `${stat.path} of the result is a device or a pipe: use --output type=tar`);
    } else if (stat.linkname !== '') {
      if (!this.#files.has(stat.linkname)) throw invalid(stat.linkname);
      this.#links.push(stat);
    } else {
      const temporary = `${path}.pouch-${process.pid}-${id}`;
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      this.#incoming.set(id, { stat, temporary, file: await open(temporary, flags, 0o600) });
      this.#files.add(stat.path);
      await this.#stream.send({ type: TYPE.PACKET_REQ, ID: id });
    }
  }

  /** Where an entry goes. Throws `upstream` for a name that leads elsewhere. */
  #place(path: string): string {
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    const parent = slash < 0 ? '' : path.slice(0, slash);
    if (name === '' || name === '.' || name === '..' || name.includes('\0') || !this.#directories.has(parent)) {
      throw invalid(path);
    }
    return join(this.#root, path);
  }

  async #data(id: number, bytes: Uint8Array): Promise<void> {
    const incoming = this.#incoming.get(id);
    if (!incoming) throw new PouchError('upstream', `contents came for a file that nobody asked for (${id})`);
    const { file, stat, temporary } = incoming;
    if (bytes.length > 0) {
      await file.writeFile(bytes);
      return;
    }
    const path = this.#place(stat.path);
    await file.chmod(permissionsOf(stat.mode));
    const time = timeOf(stat);
    await file.utimes(time, time);
    await file.close();
    this.#incoming.delete(id);
    if (await isDirectory(path)) await rm(path, { recursive: true, force: true });
    await rename(temporary, path);
  }

  async #finish(): Promise<void> {
    this.#told = false;
    for (const stat of this.#links) {
      const path = this.#place(stat.path);
      await rm(path, { recursive: true, force: true });
      await link(join(this.#root, stat.linkname), path);
    }
    // The innermost first, as what happens in a directory changes its time.
    for (const [path, stat] of [...this.#directories].toReversed()) {
      if (!stat) continue;
      const time = timeOf(stat);
      await chmod(join(this.#root, path), permissionsOf(stat.mode));
      await utimes(join(this.#root, path), time, time);
    }
    await this.#stream.send({ type: TYPE.PACKET_FIN });
  }
}

/** A directory stays; anything else of that name, a link to one too, gives way. */
async function makeDirectory(path: string): Promise<void> {
  if (await isDirectory(path)) return;
  await rm(path, { force: true });
  await mkdir(path);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function timeOf({ modTime }: Stat): number {
  return Number(modTime / 1000n) / 1e6;
}

function invalid(path: string): PouchError {
  return new PouchError('upstream', `the result has a file under a name that cannot be taken: ${JSON.stringify(path)}`);
}
