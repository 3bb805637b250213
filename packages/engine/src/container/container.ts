import { join } from 'node:path';
import { Emitter, formatTime, ZERO_TIME } from '@pouch/base';
import type { Mount } from '@pouch/containerd';
import type { ContainerRecord, ContainerState, ContainerStatus } from './container-record.ts';
import { PauseGate } from './pause-gate.ts';
import { checkTransition, dockerStatus, isLive } from './state-machine.ts';
import type { SpoolPump } from './stdio/spool-pump.ts';
import { Spool } from './stdio/spool.ts';
import { StdinPipe } from './stdio/stdin-pipe.ts';

/** What keeps records: `save` returns when the record is durable. */
export interface ContainerPersistence {
  save(record: ContainerRecord): void;
  forget(record: ContainerRecord): void;
}

export interface ContainerDirectories {
  /** Durable files: log, spool, hosts. */
  readonly root: string;
  /** Files of this boot: FIFOs. */
  readonly state: string;
}

export interface ContainerExit {
  readonly code: number;
  readonly error?: string;
}

/** One container in memory: its record, its live streams, and who waits for it. */
export class Container {
  readonly record: ContainerRecord;
  readonly directory: string;
  readonly spool: Spool;
  readonly stdin: StdinPipe;
  /** A stop that a start follows at once: --rm does not remove in between. */
  restartPending = false;
  /** It has ended, and the last of its output is still on its way to the log. */
  settling = false;
  /** Its network outlives the run that has just ended: a machine that starts again has its address. */
  keepsNetwork = false;
  /** What to mount as its root file system, once asked for: it never changes while the snapshot lives. */
  rootfs: readonly Mount[] | undefined;
  readonly pauseGate = new PauseGate();
  /** Ids of exec processes, newest last. */
  readonly execIds = new Set<string>();
  /** containerd's record of the last run going away; the next run waits for it. */
  cleanup: Promise<void> = Promise.resolve();
  /** Removed from the index; whoever still holds the object must not bring it back. */
  removed = false;
  readonly #persistence: ContainerPersistence;
  readonly #exited = new Emitter<ContainerExit>();
  readonly #gone = new Emitter<ContainerExit>();
  readonly #pumps = new Emitter<SpoolPump>();
  #pump: SpoolPump | undefined;

  constructor(record: ContainerRecord, directories: ContainerDirectories, persistence: ContainerPersistence) {
    this.record = record;
    this.directory = join(directories.root, record.id);
    this.spool = new Spool(join(this.directory, 'spool'));
    this.stdin = new StdinPipe(join(directories.state, record.id, 'stdin'));
    this.#persistence = persistence;
  }

  get id(): string {
    return this.record.id;
  }

  /** The key of its root file system in the snapshotter. */
  get snapshotKey(): string {
    return this.record.snapshotKey ?? this.record.id;
  }

  /** Those of what it was, or is to be, too. */
  get snapshotKeys(): string[] {
    const { previous, upgrade } = this.record;
    return [this.snapshotKey, previous?.generation.snapshotKey, upgrade?.other.snapshotKey].filter(
      (key, at, all) => key !== undefined && all.indexOf(key) === at,
    ) as string[];
  }

  get state(): Readonly<ContainerState> {
    return this.record.state;
  }

  get status(): ContainerStatus {
    return this.record.state.status;
  }

  get live(): boolean {
    return isLive(this.status);
  }

  /** Its restart policy has it in hand: it waits for its next run, or is just being started. */
  get restarting(): boolean {
    return dockerStatus(this.state) === 'restarting';
  }

  /** Takes output into the log while there is a run. */
  get pump(): SpoolPump | undefined {
    return this.#pump;
  }

  set pump(pump: SpoolPump | undefined) {
    this.#pump = pump;
    if (pump) this.#pumps.emit(pump);
  }

  /** The pump of the next run; undefined when the signal aborts or the container goes before there is one. */
  async nextPump(signal: AbortSignal): Promise<SpoolPump | undefined> {
    const { promise, resolve } = Promise.withResolvers<SpoolPump | undefined>();
    const giveUp = (): void => resolve(undefined);
    using subscriptions = new DisposableStack();
    subscriptions.use(this.#pumps.subscribe(resolve));
    subscriptions.use(this.#gone.subscribe(giveUp));
    signal.addEventListener('abort', giveUp, { once: true });
    subscriptions.defer(() => signal.removeEventListener('abort', giveUp));
    return signal.aborted ? undefined : await promise;
  }

  /** Where its hosts, hostname and resolv.conf are. */
  get networkDirectory(): string {
    return join(this.directory, 'network');
  }

  get logPath(): string {
    return join(this.directory, `${this.id}-json.log`);
  }

  /** Go to a status and write it down with the changes that belong to it, before anything is done about it. */
  transition(to: ContainerStatus, changes: Partial<Omit<ContainerState, 'status'>> = {}): void {
    const { state } = this.record;
    checkTransition(this.id, state.status, to);
    if (to === 'starting') state.startsFrom = state.status;
    else delete state.startsFrom;
    Object.assign(state, changes, { status: to });
    this.save();
  }

  save(): void {
    if (!this.removed) this.#persistence.save(this.record);
  }

  /** The record is gone for good: its name is free. */
  forget(): void {
    this.removed = true;
    this.#persistence.forget(this.record);
  }

  announceExit(exit: ContainerExit): void {
    this.#exited.emit(exit);
  }

  announceGone(exit: ContainerExit): void {
    this.#gone.emit(exit);
  }

  onExit(listener: (exit: ContainerExit) => void): Disposable {
    return this.#exited.subscribe(listener);
  }

  onGone(listener: (exit: ContainerExit) => void): Disposable {
    return this.#gone.subscribe(listener);
  }
}

/** A stored time as the API shows it. */
export function apiTime(stored: string): string {
  return stored === '' ? ZERO_TIME : formatTime(BigInt(stored));
}
