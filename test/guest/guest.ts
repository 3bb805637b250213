import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { exec, PouchError } from '@pouch/base';
import { type GuestEvent, parseEvent } from './guest-event.ts';
import { type GuestSettings, projectImage } from './project-image.ts';
import { CACHE, rootImage } from './root-image.ts';
import { sourceLines } from './source-lines.ts';

const QEMU = 'qemu-system-x86_64';
const NEEDED = [QEMU, 'mmdebstrap', 'mke2fs', 'setpriv'];

export interface GuestOptions extends GuestSettings {
  readonly processors: number;
  /** Milliseconds after which the machine is turned off, whatever it does. */
  readonly deadline: number;
}

/** Why no guest can be started here; false where one can. */
export function withoutGuest(): string | false {
  if (process.arch !== 'x64') return `the guest's image is for x86-64, this host is ${process.arch}`;
  const places = (process.env['PATH'] ?? '').split(':');
  const missing = NEEDED.filter((name) => !places.some((place) => isThere(place, name)));
  return missing.length > 0 && `not installed on this host: ${missing.join(', ')} (Debian's packages ${PACKAGES})`;
}

const PACKAGES = 'qemu-system-x86, mmdebstrap, e2fsprogs and util-linux';

function isThere(place: string, name: string): boolean {
  try {
    return readdirSync(place).includes(name);
  } catch {
    return false;
  }
}

/** A virtual machine that runs test files. Disposing it turns it off and takes away what it needed. */
export class Guest implements AsyncDisposable {
  readonly #work: string;
  readonly #options: GuestOptions;
  #machine: ChildProcess | undefined;

  private constructor(work: string, options: GuestOptions) {
    this.#work = work;
    this.#options = options;
  }

  /** Make the images and turn it on. */
  static async start(options: GuestOptions): Promise<Guest> {
    const image = await rootImage();
    sweep();
    const guest = new Guest(mkdtempSync(join(CACHE, `run-${process.pid}-`)), options);
    try {
      const project = await projectImage(guest.#work, options);
      const data = join(guest.#work, 'data');
      await exec('truncate', ['-s', '8G', data]);
      if (options.data === 'ext4') {
        await exec('mke2fs', ['-q', '-t', 'ext4', '-O', 'quota,project', '-E', 'quotatype=prjquota', data]);
      }
      guest.#turnOn(
        [image.kernel, image.initramfs],
        [
          [image.disk, 'snapshot=on'],
          [project, 'readonly=on'],
          [data, ''],
        ],
      );
      return guest;
    } catch (error) {
      await guest[Symbol.asyncDispose]();
      throw error;
    }
  }

  #turnOn([kernel = '', initramfs = '']: readonly string[], disks: readonly (readonly [string, string])[]): void {
    const { processors, interactive } = this.#options;
    const accelerator = process.env['POUCH_GUEST_ACCEL'] ?? 'tcg';
    const words = ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-M', 'q35', '-m', '3072'];
    words.push('-accel', accelerator, '-cpu', 'max', '-smp', String(processors));
    words.push(
      '-kernel',
      kernel,
      '-initrd',
      initramfs,
      '-append',
      'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check',
    );
    for (const [file, more] of disks) {
      words.push('-drive', `file=${file},format=raw,if=virtio,cache=unsafe${more && `,${more}`}`);
    }
    words.push('-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net');
    if (interactive) {
      words.push('-serial', 'mon:stdio');
    } else {
      words.push(
        '-serial',
        `file:${this.#console}`,
        '-device',
        'virtio-serial-pci',
        '-chardev',
        'stdio,id=report,signal=off',
      );
      words.push('-device', 'virtserialport,chardev=report,name=report');
    }
    // It ends with this process, however that ends. Its report stops when its standard input ends.
    const stdio = interactive ? 'inherit' : (['pipe', 'pipe', 'inherit'] as const);
    this.#machine = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...words], { stdio: stdio as 'inherit' });
  }

  get #console(): string {
    return join(this.#work, 'console.log');
  }

  /** Resolves when it has been turned off. */
  async off(): Promise<void> {
    const machine = this.#machine;
    if (!machine || machine.exitCode !== null || machine.signalCode !== null) return;
    await new Promise<void>((resolve) => machine.once('exit', () => resolve()));
  }

  /**
   * What it tells, until the tests have ended. Throws `deadline-exceeded`, or `internal` when it goes off before, with the end of
   * what it printed on its console.
   */
  async *events(): AsyncGenerator<GuestEvent> {
    const machine = this.#machine;
    if (!machine?.stdout) throw new PouchError('internal', 'the guest is not on');
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.turnOff();
    }, this.#options.deadline);
    try {
      for await (const line of createInterface({ input: machine.stdout })) {
        const event = parseEvent(line);
        if (event?.kind === 'test')
          yield { ...event, detail: sourceLines(event.detail, join(this.#work, 'project/tree')) };
        else if (event) yield event;
        if (event?.kind === 'end') return;
      }
      const seconds = this.#options.deadline / 1000;
      throw late
        ? new PouchError('deadline-exceeded', `the guest was not done within ${seconds} s:\n${this.console()}`)
        : new PouchError('internal', `the guest went off before its tests had ended:\n${this.console()}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The last lines that it printed on its console. */
  console(count = 40): string {
    if (!existsSync(this.#console)) return 'nothing was printed on its console';
    return readFileSync(this.#console, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  }

  /** At once, as if its power were cut. */
  turnOff(): void {
    this.#machine?.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.turnOff();
    await this.off();
    rmSync(this.#work, { recursive: true, force: true });
  }
}

/** What guests of processes that were killed have left. */
function sweep(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const pid = /^run-(\d+)-/.exec(name)?.[1];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      rmSync(join(CACHE, name), { recursive: true, force: true });
    }
  }
}
