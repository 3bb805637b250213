import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';

interface Request {
  Name?: string;
  ID?: string;
  Opts?: Record<string, string>;
}

/** A real volume plugin: Docker's protocol over a unix socket, volumes as directories, users counted by id. */
export class PluginServer implements AsyncDisposable {
  readonly calls: string[] = [];
  readonly #server: Server;
  readonly #root: string;
  readonly #volumes = new Map<string, Set<string>>();

  private constructor(root: string) {
    this.#root = root;
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const method = (request.url ?? '').slice(1);
        this.calls.push(method);
        const answer = this.#answer(method, JSON.parse(body || '{}') as Request);
        response.statusCode = 'Err' in answer && answer.Err !== '' ? 500 : 200;
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async listen(socketPath: string, root: string): Promise<PluginServer> {
    const plugin = new PluginServer(root);
    await new Promise<void>((resolve) => plugin.#server.listen(socketPath, resolve));
    return plugin;
  }

  #answer(method: string, { Name: name = '', ID: id = '', Opts: options = {} }: Request): Record<string, unknown> {
    const path = join(this.#root, name);
    const users = this.#volumes.get(name);
    const volume = { Name: name, Mountpoint: path, Status: { users: users?.size ?? 0 } };
    switch (method) {
      case 'Plugin.Activate':
        return { Implements: ['VolumeDriver'] };
      case 'VolumeDriver.Capabilities':
        return { Capabilities: { Scope: 'global' } };
      case 'VolumeDriver.List':
        return { Volumes: [...this.#volumes.keys()].map((each) => ({ Name: each })), Err: '' };
      case 'VolumeDriver.Create':
        if (options.bad) return { Err: 'bad option' };
        mkdirSync(path, { recursive: true });
        if (!users) this.#volumes.set(name, new Set());
        return { Err: '' };
      default:
        break;
    }
    if (!users) return { Err: `no volume ${name}` };
    switch (method) {
      case 'VolumeDriver.Get':
        return { Volume: volume, Err: '' };
      case 'VolumeDriver.Mount':
        users.add(id);
        return { Mountpoint: path, Err: '' };
      case 'VolumeDriver.Unmount':
        users.delete(id);
        return { Err: '' };
      case 'VolumeDriver.Remove':
        this.#volumes.delete(name);
        rmSync(path, { recursive: true });
        return { Err: '' };
      default:
        return { Err: `unknown method ${method}` };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
