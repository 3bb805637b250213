import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { exec, type ExecResult } from '@pouch/base';
import { probeDiskQuota, probeLxcfs, probeTraffic } from '@pouch/linux';
import { importMachine, withoutMachine } from '../../harness/machine-image.ts';
import { patience } from '../../harness/patience.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect } from '../container/container.kit.ts';

/** Milliseconds that any single step may take, on a fast host. No test waits so long for what is there at once. */
const PATIENCE = 60_000;

const MEBIBYTE = 1024 * 1024;
const NAME = 'machine';
const IPERF = '/usr/bin/iperf3';
const IPERF_INSIDE = '/opt/iperf3';

/** What this host lacks for the machine, or false. */
export async function withoutAcceptance(): Promise<string | false> {
  const [lxcfs, traffic] = await Promise.all([probeLxcfs('lxcfs'), probeTraffic()]);
  const directory = mkdtempSync(join(tmpdir(), 'pouch-probe-'));
  const quota = await probeDiskQuota(join(directory, 'quota'));
  rmSync(directory, { recursive: true });
  const programs = [IPERF, '/usr/bin/ssh', '/usr/bin/ssh-keygen'].filter((path) => !existsSync(path));
  const missing = [
    withoutMachine() || undefined,
    lxcfs.missing,
    traffic.bandwidthMissing,
    quota.driver ? undefined : quota.reason,
    programs.length > 0 ? `${programs.join(', ')} is not installed` : undefined,
  ];
  return missing.find((each) => each !== undefined) ?? false;
}

/** The flags that bring a program of the host's into a container, with loader and libraries, and the words that run it there. */
async function hostProgram(path: string, directory: string): Promise<{ flags: string[]; words: string[] }> {
  const { stdout } = await exec('ldd', [path], { env: { LC_ALL: 'C' } });
  const libraries = [...stdout.matchAll(/=> (\/\S+) \(0x/g)].map((match) => match[1] as string);
  const loader = /^\s*(\/\S*ld[-.]\S+) \(0x/m.exec(stdout)?.[1];
  assert.ok(loader, `the loader of ${path}: ${stdout}`);
  const files = [path, loader, ...libraries];
  return {
    flags: files.flatMap((file) => ['-v', `${realpathSync(file)}:${directory}/${basename(file)}:ro`]),
    words: [`${directory}/${basename(loader)}`, '--library-path', directory, `${directory}/${basename(path)}`],
  };
}

/** A machine as an operator orders one: with an init, 256 MiB, one CPU, 200 MiB of disk, 20 Mbit/s out and SSH. */
export class OrderedMachine implements AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly #directory: string;
  #address = '';

  private constructor(daemon: TestDaemon, directory: string) {
    this.daemon = daemon;
    this.#directory = directory;
  }

  static async start(): Promise<OrderedMachine> {
    const directory = mkdtempSync(join(tmpdir(), 'pouch-acceptance-'));
    const machine = new OrderedMachine(await TestDaemon.start([], { image: false }), directory);
    try {
      await machine.#run();
      return machine;
    } catch (error) {
      await machine[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #run(): Promise<void> {
    const key = join(this.#directory, 'key');
    await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const image = await importMachine(this.daemon);
    const iperf = await hostProgram(IPERF, IPERF_INSIDE);
    const asked = ['--rich', '--rich-mode', 'systemd', '--memory', '256m', '--cpus', '1', '--disk-quota', '200m'];
    const flags = [...asked, '--net-egress', '20mbit', '--ssh-key', `${key}.pub`, ...iperf.flags];
    await this.daemon.pouch(['run', '-d', '--name', NAME, ...flags, image], { timeout: PATIENCE });
    await this.untilRunning();
    this.#address = (await inspect(this.daemon, NAME)).NetworkSettings.Networks.bridge?.IPAddress ?? '';
    await this.daemon.pouch(['exec', '-d', NAME, ...iperf.words, '-s'], { timeout: PATIENCE });
  }

  /** A script by `pouch exec`. */
  async inside(script: string): Promise<ExecResult> {
    const options = { allowFailure: true, timeout: PATIENCE };
    return await this.daemon.pouch(['exec', NAME, 'sh', '-c', script], options);
  }

  async untilRunning(): Promise<void> {
    const isRunning = async (): Promise<boolean> =>
      (await this.inside('systemctl is-system-running')).stdout.trim() === 'running';
    await eventually('systemd is running', isRunning, PATIENCE);
  }

  /** A script by OpenSSH's client, as root on the machine's own address. */
  async login(script: string): Promise<string> {
    const set = ['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=accept-new', 'LogLevel=ERROR'];
    const known = `UserKnownHostsFile=${join(this.#directory, 'known')}`;
    const options = [...set, known, `ConnectTimeout=${patience(PATIENCE) / 1000}`].flatMap((each) => ['-o', each]);
    const args = ['-F', '/dev/null', '-i', join(this.#directory, 'key'), ...options, `root@${this.#address}`, script];
    return (await exec('ssh', args, { timeout: patience(PATIENCE) })).stdout.trim();
  }

  /** Bits per second out of it: three seconds after one that empties the bucket. */
  async egress(): Promise<number> {
    const args = ['-c', this.#address, '-J', '-R', '-O', '1', '-t', '3'];
    return await eventually(
      'iperf3 measures',
      async () => {
        const { stdout } = await exec('iperf3', args, { allowFailure: true, timeout: patience(PATIENCE) });
        const { end } = JSON.parse(stdout) as { end?: { sum_received?: { bits_per_second: number } } };
        return end?.sum_received?.bits_per_second;
      },
      PATIENCE,
    );
  }

  /** Everything that was ordered is so, now. */
  async check(): Promise<void> {
    await this.untilRunning();
    const services = await this.login('id -un; systemctl is-active cron nginx; systemctl is-system-running');
    assert.equal(services, 'root\nactive\nactive\nrunning', 'over SSH on its own address');
    // Right after lxcfs was killed, the host's file shows for a moment.
    await eventually(
      'free shows 256 MiB',
      async () => (await this.inside("free -m | awk '/^Mem:/ { print $2 }'")).stdout.trim() === '256',
      PATIENCE,
    );
    assert.equal(await this.login('nproc'), '1');
    await this.#checkDisk();
    const bits = await this.egress();
    assert.ok(Math.abs(bits / 20e6 - 1) <= 0.05, `${(bits / 1e6).toFixed(2)} Mbit/s, wanted 20 ± 5 %`);
  }

  /** 300 MiB do not fit; what the machine has written itself counts too. */
  async #checkDisk(): Promise<void> {
    const script = 'LC_ALL=C dd if=/dev/zero of=/fill bs=1M count=300; code=$?; stat -c %s /fill; rm /fill; exit $code';
    const { code, stdout, stderr } = await this.inside(script);
    assert.match(stderr, /No space left on device|Disk quota exceeded/);
    assert.notEqual(code, 0);
    const written = Number(stdout) / MEBIBYTE;
    assert.ok(written > 180 && written <= 200, `${written.toFixed(1)} MiB were written, wanted at most 200`);
  }

  /** Kill -9, and wait until there is a new one. */
  async kill(what: 'pouchd' | 'containerd' | 'lxcfs'): Promise<void> {
    if (what === 'pouchd') {
      await this.daemon.down('SIGKILL');
      await this.daemon.up();
      return;
    }
    const pid = (): number => {
      if (what === 'containerd') return this.daemon.containerdPid;
      return Number(readFileSync(join(this.daemon.directory, 'run/lxcfs/pid'), 'utf8'));
    };
    const before = pid();
    process.kill(before, 'SIGKILL');
    const isNew = async (): Promise<boolean> => {
      await Promise.resolve();
      try {
        return pid() > 1 && pid() !== before;
      } catch {
        return false; // Its file is gone, too, for a moment.
      }
    };
    await eventually(`a new ${what}`, isNew, PATIENCE);
  }

  /** Of its first process, on the host: the same as long as it has not been started anew. */
  async pid(): Promise<number> {
    return (await inspect(this.daemon, NAME)).State.Pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
