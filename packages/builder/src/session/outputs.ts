import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PouchError } from '@pouch/base';
import type { GrpcServer } from '@pouch/grpc';
import { receiveTree } from '../files/receive-tree.ts';
import { BytesMessage } from '../generated/buildkit/session/filesync.ts';
import { Packet } from '../generated/buildkit/session/fsutil.ts';
import { FileSendDefinition } from './raw-messages.ts';

/** Where an output goes: a directory, a file, or whoever takes its bytes. */
export type OutputTarget =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly write: (bytes: Uint8Array) => Promise<void> };

const EXPORTER = 'buildkit-attachable-exporter-id';

/** Take what a build puts out, by the number that the output has in the request. */
export function serveOutputs(server: GrpcServer, targets: ReadonlyMap<number, OutputTarget>): void {
  server.add(FileSendDefinition, {
    diffCopy: async (messages, send, context) => {
      const number = Number(context.metadata(EXPORTER)[0] ?? '0');
      const target = targets.get(number);
      if (!target) throw new PouchError('not-found', `this build has no output with the number ${number}`);
      if (target.kind === 'directory') {
        await receiveTree(target.path, {
          packets: packetsOf(messages),
          send: async (packet) => await send(Packet.encode(Packet.fromPartial(packet)).finish()),
        });
      } else if (target.kind === 'file') await writeWhole(target.path, bytesOf(messages));
      else for await (const bytes of bytesOf(messages)) await target.write(bytes);
    },
  });
}

/** The file has its name only once it is whole. */
async function writeWhole(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.pouch-${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await pipeline(bytes, createWriteStream(temporary, { flags: 'wx' }));
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function* packetsOf(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Packet, void, undefined> {
  for await (const message of messages) yield Packet.decode(message);
}

async function* bytesOf(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const message of messages) yield BytesMessage.decode(message).data;
}
