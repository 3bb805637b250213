/** Test aid: a private containerd in a directory of its own, gone with everything it ran when the test ends. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exec, silentLogger } from '@pouch/base';
import {
  ContainerdClient,
  ContainerdSupervisor,
  ExitKeeper,
  type SupervisorOptions,
  type SupervisorState,
} from '@pouch/containerd';
import { CHOSEN_RELEASE } from '../../harness/containerd-release.ts';
import { removeContainer } from './busybox.kit.ts';

export class Containerd implements AsyncDisposable {
  readonly directory: string;
  readonly options: SupervisorOptions;
  readonly client: ContainerdClient;
  readonly exits: ExitKeeper;
  supervisor: ContainerdSupervisor;

  private constructor(directory: string) {
    this.directory = directory;
    this.exits = new ExitKeeper(
      { state: join(directory, 'state'), namespace: 'test', directory: join(directory, 'exits') },
      { logger: silentLogger },
    );
    this.options = {
      root: join(directory, 'root'),
      state: join(directory, 'state'),
      address: join(directory, 'containerd.sock'),
      configPath: join(directory, 'containerd.toml'),
      pidFile: join(directory, 'containerd.pid'),
      logFile: join(directory, 'containerd.log'),
      checkIntervalMs: 500,
      beforeLaunch: async () => await this.exits.watch(),
      binary: CHOSEN_RELEASE && join(CHOSEN_RELEASE, 'containerd'),
    };
    this.client = new ContainerdClient({ address: this.options.address, namespace: 'test' }, { logger: silentLogger });
    this.supervisor = this.newSupervisor();
  }

  static async start(): Promise<Containerd> {
    const containerd = new Containerd(await mkdtemp('/tmp/pouch-containerd-'));
    await containerd.supervisor.start();
    await containerd.client.namespaces.ensure('test');
    return containerd;
  }

  newSupervisor(more: Partial<SupervisorOptions> = {}): ContainerdSupervisor {
    return new ContainerdSupervisor({ ...this.options, ...more }, { logger: silentLogger });
  }

  async pidInFile(): Promise<number> {
    return Number(await readFile(this.options.pidFile, 'utf8'));
  }

  /** Resolves with the next state of that name. */
  nextState<S extends SupervisorState['state']>(state: S): Promise<Extract<SupervisorState, { state: S }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<SupervisorState, { state: S }>>();
    const subscription = this.supervisor.onState.subscribe((value) => {
      if (value.state !== state) return;
      subscription[Symbol.dispose]();
      resolve(value as Extract<SupervisorState, { state: S }>);
    });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ids: string[] = [];
    for await (const { id } of this.client.containers.list()) ids.push(id);
    for (const id of ids) await removeContainer(this.client, id);
    this.client[Symbol.dispose]();
    await this.supervisor.stop();
    const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(`${this.directory}/`))) {
      await exec('umount', ['-l', mount], { allowFailure: true });
    }
    await rm(this.directory, { recursive: true, force: true });
    await exec('sh', ['-c', 'rmdir /sys/fs/cgroup/*/pouch-test /sys/fs/cgroup/pouch-test'], { allowFailure: true });
  }
}
