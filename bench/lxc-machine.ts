import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { unmountTree } from '@pouch/linux';

/** Where in each hierarchy what LXC makes goes. */
const CGROUP = `pouch-bench-lxc-${process.pid}`;
const NAME = 'machine';

export interface LxcOptions {
  /** Where bench/lxc-peer has unpacked it. */
  readonly programs: string;
  /** Everything of it, gone after the measurement. */
  readonly directory: string;
  /** The root file system's archive. */
  readonly archive: string;
  /** The bridge that it is on, its own address with the prefix, and the gateway. */
  readonly bridge: string;
  readonly address: string;
  readonly gateway: string;
}

/** A system container of LXC's on an overlay of a root file system, as its own configuration for Debian has it, without AppArmor. */
export class LxcMachine implements AsyncDisposable {
  readonly #options: LxcOptions;

  private constructor(options: LxcOptions) {
    this.#options = options;
  }

  static async unpack(options: LxcOptions): Promise<LxcMachine> {
    const { directory } = options;
    for (const name of ['root', 'mount', `containers/${NAME}`]) mkdirSync(join(directory, name), { recursive: true });
    await exec('tar', ['-C', join(directory, 'root'), '-xf', options.archive], { timeout: 300_000 });
    const config = [
      `lxc.uts.name = ${NAME}`,
      `lxc.rootfs.path = overlay:${directory}/root:${directory}/upper`,
      `lxc.rootfs.mount = ${directory}/mount`,
      'lxc.pty.max = 1024',
      'lxc.tty.max = 0',
      'lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed',
      'lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio',
      'lxc.init.cmd = /sbin/init',
      `lxc.cgroup.dir.container = ${CGROUP}/container`,
      `lxc.cgroup.dir.monitor = ${CGROUP}/monitor`,
      `lxc.cgroup.dir.monitor.pivot = ${CGROUP}/pivot`,
      'lxc.net.0.type = veth',
      `lxc.net.0.link = ${options.bridge}`,
      'lxc.net.0.flags = up',
      `lxc.net.0.ipv4.address = ${options.address}`,
      `lxc.net.0.ipv4.gateway = ${options.gateway}`,
    ];
    writeFileSync(join(directory, `containers/${NAME}/config`), `${config.join('\n')}\n`);
    return new LxcMachine(options);
  }

  async version(): Promise<string> {
    return await this.#run('lxc-start', ['--version']);
  }

  /** Returns when its init runs. */
  async start(): Promise<void> {
    await this.#run('lxc-start', ['-n', NAME, '-d', '-P', join(this.#options.directory, 'containers')]);
  }

  /** Of its init, on the host. */
  async pid(): Promise<number> {
    return Number(
      await this.#run('lxc-info', ['-n', NAME, '-p', '-H', '-P', join(this.#options.directory, 'containers')]),
    );
  }

  /** At once, and its files are as they were at first. */
  async stop(): Promise<void> {
    await this.#run('lxc-stop', ['-n', NAME, '-k', '-P', join(this.#options.directory, 'containers')], true);
    rmSync(join(this.#options.directory, 'upper'), { recursive: true, force: true });
    mkdirSync(join(this.#options.directory, 'upper'));
  }

  async #run(program: string, args: readonly string[], allowFailure = false): Promise<string> {
    const { programs } = this.#options;
    const libraries = join(programs, 'tree/usr/lib');
    const triplets = readdirSync(libraries).map((name) => join(libraries, name));
    const env = { LD_LIBRARY_PATH: triplets.join(':') };
    const path = join(programs, 'tree/usr/bin', program);
    return (await exec(path, args, { env, allowFailure, timeout: 60_000 })).stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await unmountTree(this.#options.directory);
    const groups = ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${CGROUP}*`, '-exec', 'rmdir', '{}', '+'];
    await exec('find', groups, { allowFailure: true });
    rmSync(this.#options.directory, { recursive: true, force: true });
  }
}
