import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, silentLogger, sleep } from '@pouch/base';
import {
  type AttachRequest,
  LinuxNetworkManager,
  MemoryNetworkStore,
  type NetworkEvent,
  type NetworkOptions,
  type NetworkStore,
} from '../../../packages/engine/src/network/index.ts';

/** A network manager on the kernel of this namespace, with all it needs in a temporary directory. */
export class NetworkFixture implements AsyncDisposable {
  readonly directory: string;
  readonly store: NetworkStore;
  readonly events: NetworkEvent[] = [];
  manager: LinuxNetworkManager;
  readonly #options: NetworkOptions;
  readonly #children: ChildProcess[] = [];

  private constructor(directory: string, options: Partial<NetworkOptions>) {
    this.directory = directory;
    this.store = new MemoryNetworkStore();
    this.#options = {
      netnsDirectory: join(directory, 'netns'),
      defaultBridge: 'pxtest0',
      table: 'pouch_test',
      poolSize: 2,
      ...options,
    };
    this.manager = this.#create();
  }

  static async start(options: Partial<NetworkOptions> = {}): Promise<NetworkFixture> {
    await exec('ip', ['link', 'set', 'lo', 'up']);
    const fixture = new NetworkFixture(await mkdtemp(join(tmpdir(), 'pouch-network-')), options);
    await fixture.manager.start([]);
    return fixture;
  }

  /** As after a crash: the old manager is forgotten, not asked to clean up. Its sockets are closed, as by the kernel. */
  async restart(live: readonly string[]): Promise<void> {
    await this.manager[Symbol.asyncDispose]();
    this.manager = this.#create();
    await this.manager.start(live);
  }

  request(name: string, more: Partial<AttachRequest> = {}): AttachRequest {
    return {
      containerId: Buffer.from(name).toString('hex').padEnd(64, '0'),
      name,
      hostname: `${name}-host`,
      networkMode: 'default',
      directory: join(this.directory, name),
      ...more,
    };
  }

  /** A server in a namespace that says `answer` to each TCP connection on `port`. */
  async serve(netnsPath: string, port: number, answer: string): Promise<void> {
    const args = [`--net=${netnsPath}`, 'busybox', 'nc', '-ll', '-p', String(port), '-e', 'echo', answer];
    this.#children.push(spawn('nsenter', args, { stdio: 'ignore' }));
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const said = (await exec('nsenter', [`--net=${netnsPath}`, 'ss', '-Hltn', `sport = :${port}`])).stdout;
      if (said.includes(`:${port}`)) return;
      await sleep(20);
    }
    throw new Error('the server did not start');
  }

  /** What a TCP server says, asked from a namespace (or the host's), or `''` when it cannot be reached. */
  async ask(netnsPath: string | undefined, host: string, port: number): Promise<string> {
    const command = ['busybox', 'nc', '-w', '1', host, String(port)];
    const [program = '', ...args] = netnsPath === undefined ? command : ['nsenter', `--net=${netnsPath}`, ...command];
    return (await exec(program, args, { allowFailure: true, input: '\n', timeout: 5000 })).stdout.trim();
  }

  async run(netnsPath: string, ...command: string[]): Promise<{ code: number; stdout: string }> {
    return await exec('nsenter', [`--net=${netnsPath}`, ...command], { allowFailure: true, timeout: 10_000 });
  }

  /** Everything of ours in the kernel: links, tables, bound namespaces. */
  async leftovers(): Promise<string[]> {
    const links = (await exec('ip', ['-o', 'link'])).stdout.match(/(pv[0-9a-f]{12}|br-[0-9a-f]{12}|pxtest\w*)/g) ?? [];
    const tables = (await exec('nft', ['list', 'tables'])).stdout.match(/pouch_test/g) ?? [];
    const mounts = (await exec('cat', ['/proc/self/mountinfo'])).stdout
      .split('\n')
      .filter((line) => line.includes(this.directory));
    return [...links, ...tables, ...mounts];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await this.manager.destroy();
    await rm(this.directory, { recursive: true, force: true });
  }

  #create(): LinuxNetworkManager {
    const publish = (event: NetworkEvent): void => void this.events.push(event);
    return new LinuxNetworkManager(this.#options, { store: this.store, log: silentLogger, publish });
  }
}
