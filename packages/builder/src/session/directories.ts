import { PouchError } from '@pouch/base';
import type { GrpcServer } from '@pouch/grpc';
import { sendTree } from '../files/send-tree.ts';
import { FileSyncDefinition } from '../generated/buildkit/session/filesync.ts';
import { decodedMetadata } from './metadata.ts';

/** Let a build read these directories, by the names that it has for them, and no others. */
export function serveDirectories(server: GrpcServer, directories: ReadonlyMap<string, string>): void {
  server.add(FileSyncDefinition, {
    diffCopy: async (packets, send, context) => {
      const [name = ''] = decodedMetadata(context, 'dir-name');
      const root = directories.get(name);
      if (root === undefined) throw new PouchError('not-found', `this build has no directory called ${name}`);
      const filter = {
        include: decodedMetadata(context, 'include-patterns'),
        exclude: decodedMetadata(context, 'exclude-patterns'),
        follow: decodedMetadata(context, 'followpaths'),
      };
      await sendTree(root, filter, { packets, send });
    },
  });
}
