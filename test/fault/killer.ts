import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { POUCHD } from '../harness/programs.ts';
import type { TestDaemon } from '../harness/test-daemon.ts';
import type { Random } from './random.ts';

export type KillKind = 'pouchd' | 'containerd' | 'both' | 'start';

const WEIGHTS: Readonly<Record<KillKind, number>> = { pouchd: 40, containerd: 30, both: 20, start: 10 };

/** Kills daemons with SIGKILL at random moments, and starts pouchd again. containerd is started again by pouchd. */
export class Killer {
  readonly kills: Record<KillKind, number> = { pouchd: 0, containerd: 0, both: 0, start: 0 };
  /** Milliseconds that pouchd took to serve again. */
  readonly recoveries: number[] = [];
  readonly #daemon: TestDaemon;
  readonly #random: Random;
  readonly #log: (line: string) => void;

  constructor(daemon: TestDaemon, random: Random, log: (line: string) => void) {
    this.#daemon = daemon;
    this.#random = random;
    this.#log = log;
  }

  get total(): number {
    return Object.values(this.kills).reduce((sum, count) => sum + count, 0);
  }

  /** Until so many kills are done or the time (milliseconds) is over. A daemon that cannot start again throws. */
  async run(kills: number, milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (this.total < kills && performance.now() < deadline) {
      await sleep(this.#random.between(50, 2200));
      await this.#kill(this.#random.weighted(WEIGHTS));
    }
  }

  async #kill(kind: KillKind): Promise<void> {
    const random = this.#random;
    this.#log(`kill ${this.total + 1}: ${kind}`);
    if (kind === 'containerd') {
      this.#killContainerd();
      this.kills.containerd += 1;
      return;
    }
    if (kind === 'both' && random.chance(0.5)) this.#killContainerd();
    await this.#daemon.down('SIGKILL');
    if (kind === 'both') this.#killContainerd();
    this.kills[kind === 'start' ? 'pouchd' : kind] += 1;
    // Away for a while at times, so that processes end with nobody there.
    await sleep(random.chance(0.2) ? random.between(1000, 3500) : random.between(0, 150));
    if (kind === 'start') await this.#killWhileStarting();
    const since = performance.now();
    await this.#daemon.up();
    this.recoveries.push(performance.now() - since);
  }

  /** A daemon that dies in the middle of taking up what the last one left. */
  async #killWhileStarting(): Promise<void> {
    const [program, ...args] = POUCHD;
    const child = spawn(program, [...args, ...this.#daemon.flags()], { stdio: 'ignore', detached: true });
    const gone = once(child, 'exit');
    await sleep(this.#random.between(150, 900));
    child.kill('SIGKILL');
    await gone;
    this.kills.start += 1;
  }

  #killContainerd(): void {
    try {
      process.kill(this.#daemon.containerdPid, 'SIGKILL');
    } catch {
      // It is down already, and being started again.
    }
  }
}
