import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { errorMessage, PouchError, Semaphore } from '@pouch/base';
import { Packet_PacketType as TYPE, type Packet } from '../generated/buildkit/session/fsutil.ts';
import { isRegularMode, toGoMode } from './file-mode.ts';
import { type TreeEntry, type TreeFilter, walkTree } from './walk-tree.ts';

/** A packet to send: what it does not say is nothing. */
export type PartialPacket = Partial<Omit<Packet, 'stat'>> & { readonly stat?: Partial<NonNullable<Packet['stat']>> };

export interface PacketStream {
  readonly packets: AsyncIterable<Packet>;
  /** Resolves when there is room for more. */
  send(packet: PartialPacket): Promise<void>;
}

/** Bytes of a file in a packet, files that are read at once, and entries told before others get a turn. */
const CHUNK = 128 * 1024;
const READERS = 4;
const TURN = 256;

/**
 * Send a directory by BuildKit's protocol for trees (fsutil): every entry is told, and contents go out for those files that the
 * receiver asks for, because it has them not yet, or others. Owners are not sent: in a context everything is root's.
 */
export async function sendTree(root: string, filter: TreeFilter, { packets, send }: PacketStream): Promise<void> {
  const files = new Map<number, string>();
  const readers = new Semaphore(READERS);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const tell = async (): Promise<void> => {
    let count = 0;
    for (const entry of walkTree(root, filter)) {
      const packet = { type: TYPE.PACKET_STAT, stat: statOf(entry) };
      if (isRegularMode(packet.stat.mode)) files.set(count, entry.path);
      count += 1;
      await send(packet);
      if (count % TURN === 0) await setImmediate();
    }
    await send({ type: TYPE.PACKET_STAT });
  };
  const failed = (error: unknown): void => failure.reject(error);
  const answer = async (): Promise<void> => {
    for await (const packet of packets) {
      if (packet.type === TYPE.PACKET_ERR) throw new PouchError('upstream', Buffer.from(packet.data).toString());
      if (packet.type === TYPE.PACKET_FIN) return await send({ type: TYPE.PACKET_FIN });
      if (packet.type !== TYPE.PACKET_REQ) continue;
      const { ID } = packet;
      const path = files.get(ID);
      if (path === undefined) throw new PouchError('invalid-argument', `there is no file with the number ${ID}`);
      files.delete(ID);
      readers.run(() => sendFile(join(root, path), ID, send)).catch(failed);
    }
  };
  try {
    tell().catch(failed);
    await Promise.race([answer(), failure.promise]);
  } catch (error) {
    await send({ type: TYPE.PACKET_ERR, data: Buffer.from(errorMessage(error)) }).catch(() => {});
    throw error;
  }
}

function statOf({ path, stat, linkname }: TreeEntry): { readonly mode: number } & Partial<NonNullable<Packet['stat']>> {
  return {
    path,
    mode: toGoMode(stat),
    size: stat.isFile() ? BigInt(stat.size) : 0n,
    // The number is a fraction that is good for microseconds.
    modTime: BigInt(Math.round(stat.mtimeMs * 1000)) * 1000n,
    linkname,
  };
}

async function sendFile(path: string, id: number, send: PacketStream['send']): Promise<void> {
  // Neither a link that has taken the file's place is followed, nor a pipe waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK);
      if (bytesRead === 0) break;
      await send({ type: TYPE.PACKET_DATA, ID: id, data: buffer.subarray(0, bytesRead) });
    }
  } finally {
    await file.close();
  }
  await send({ type: TYPE.PACKET_DATA, ID: id });
}
