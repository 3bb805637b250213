import { readFile } from 'node:fs/promises';
import { errorMessage, PouchError } from '@pouch/base';
import type { GrpcServer } from '@pouch/grpc';
import { SecretsDefinition } from '../generated/buildkit/session/secrets.ts';
import type { SecretSource } from '../request/secret.ts';

/** BuildKit's own limit. */
const MAX_SIZE = 500 * 1024;

/** Give a build secrets by their ids: each is read when a step asks for it. */
export function serveSecrets(server: GrpcServer, secrets: ReadonlyMap<string, SecretSource>): void {
  server.add(SecretsDefinition, {
    getSecret: async ({ ID }) => {
      const source = secrets.get(ID);
      if (!source) throw new PouchError('not-found', `secret ${ID} not found`);
      return { data: await read(ID, source) };
    },
  });
}

async function read(id: string, source: SecretSource): Promise<Uint8Array> {
  if (source.kind === 'value') return Buffer.from(source.value);
  let data: Buffer;
  try {
    data = await readFile(source.path);
  } catch (error) {
    throw new PouchError('not-found', `secret ${id}: ${errorMessage(error)}`, { cause: error });
  }
  if (data.length > MAX_SIZE) {
    throw new PouchError('invalid-argument', `secret ${id}: ${source.path} is larger than ${MAX_SIZE} bytes`);
  }
  return data;
}
