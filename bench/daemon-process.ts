import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sleep } from '@pouch/base';
import { call, closeConnections } from './peer.ts';

/** A daemon started from a command line, known to be up when its API answers. */
export class DaemonProcess {
  readonly #command: readonly string[];
  readonly #socket: string;
  readonly #log: string;
  readonly #environment: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  constructor(options: {
    command: readonly string[];
    socket: string;
    log: string;
    environment?: Readonly<Record<string, string>>;
  }) {
    this.#command = options.command;
    this.#socket = options.socket;
    this.#log = options.log;
    this.#environment = options.environment ?? {};
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Milliseconds from the start of the process until it lists so many containers as running. */
  async start(running = 0): Promise<number> {
    mkdirSync(dirname(this.#log), { recursive: true });
    const log = openSync(this.#log, 'a');
    const [program = '', ...args] = this.#command;
    const begin = performance.now();
    const child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.#environment },
      detached: true, // Ctrl-C is for the measurement, which then puts the daemons away.
    });
    closeSync(log);
    this.#child = child;
    for (;;) {
      const up = await call({ socket: this.#socket }, 'GET', '/containers/json').then(
        (found) => Array.isArray(found) && found.length >= running,
        () => false,
      );
      if (up) return performance.now() - begin;
      if (child.exitCode !== null || performance.now() - begin > 60_000) {
        throw new Error(
          `${program} did not come up:\n${readFileSync(this.#log, 'utf8').split('\n').slice(-15).join('\n')}`,
        );
      }
      await sleep(5);
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    closeConnections(this.#socket);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(late);
  }
}
