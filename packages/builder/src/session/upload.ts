import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { PouchError } from '@pouch/base';
import type { GrpcServer } from '@pouch/grpc';
import { UploadDefinition } from '../generated/buildkit/session/upload.ts';

/** Bytes in a message at most. */
const CHUNK = 256 * 1024;

/** Give a build one stream, an archive, once. Returns the URL under which BuildKit knows it. */
export function serveUpload(server: GrpcServer, body: AsyncIterable<Uint8Array>): string {
  const id = randomBytes(16).toString('hex');
  let given = false;
  server.add(UploadDefinition, {
    pull: async (_requests, send, context) => {
      const [path = ''] = context.metadata('urlpath');
      if (given || basename(path) !== id) throw new PouchError('not-found', `there is nothing at ${path}`);
      given = true;
      for await (const bytes of body) {
        for (let at = 0; at < bytes.length; at += CHUNK) await send({ data: bytes.subarray(at, at + CHUNK) });
      }
    },
  });
  return `http://buildkit-session/${id}`;
}
