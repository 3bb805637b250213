import type { ContainerPathStat } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { segment } from './path.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** `/containers/{id}/archive`: files in and out of a container as tar streams. */
export class ArchiveApi {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** What is at a path of the container. Throws not-found. */
  async stat(id: string, path: string): Promise<ContainerPathStat> {
    const response = await this.#transport.request({ method: 'HEAD', path: archivePath(id), query: { path } });
    await response.text();
    return pathStat(response);
  }

  /** The tar archive of a path, and what it is. */
  async get(
    id: string,
    path: string,
  ): Promise<{ readonly stat: ContainerPathStat; readonly tar: AsyncIterable<Uint8Array> }> {
    const response = await this.#transport.request({ method: 'GET', path: archivePath(id), query: { path } });
    return { stat: pathStat(response), tar: response.body };
  }

  /** Unpack a tar archive in a directory of the container. */
  async put(
    id: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { readonly copyUidGid?: boolean; readonly noOverwriteDirNonDir?: boolean } = {},
  ): Promise<void> {
    await this.#transport.empty({
      method: 'PUT',
      path: archivePath(id),
      query: { path, copyUIDGID: options.copyUidGid, noOverwriteDirNonDir: options.noOverwriteDirNonDir ?? true },
      body: tar,
      contentType: 'application/x-tar',
    });
  }
}

function archivePath(id: string): string {
  return `/containers/${segment(id)}/archive`;
}

function pathStat(response: ApiResponse): ContainerPathStat {
  const header = response.headers.get('x-docker-container-path-stat');
  try {
    return JSON.parse(Buffer.from(header ?? '', 'base64').toString('utf8')) as ContainerPathStat;
  } catch (error) {
    throw new PouchError('upstream', 'the daemon did not say what is at that path', { cause: error });
  }
}
