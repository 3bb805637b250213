import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { background, type Logger, withDeadline, writeFileAtomic } from '@pouch/base';
import { StateRequest, StateResponse, WaitRequest, WaitResponse } from '../generated/containerd/runtime/shim.ts';
import { Status } from '../generated/containerd/types/task.ts';
import type { TaskExitInfo } from '../tasks.ts';
import { toNanos } from '../time.ts';
import { readShimAddress, type ShimAddress } from './shim-address.ts';
import { TtrpcCall } from './ttrpc.ts';

export interface ExitKeeperOptions {
  /** containerd's state directory. */
  readonly state: string;
  readonly namespace: string;
  /** A directory for what was seen, so that it outlives this process. */
  readonly directory: string;
  /** Milliseconds that a shim gets to answer. Default 5,000. */
  readonly patienceMs?: number | undefined;
}

interface KeptExit extends TaskExitInfo {
  readonly pid: number;
}

/**
 * Keeps how containers end while no containerd runs. A containerd since 1.7 takes a shim without processes for leaked, and
 * deletes it at its start together with the exit status that only the shim knew. So the shims are asked before it starts, and
 * stay asked until it runs.
 */
export class ExitKeeper {
  readonly #options: ExitKeeperOptions;
  readonly #logger: Logger;
  /** By the container's id: what is on its way into a file. */
  readonly #fresh = new Map<string, KeptExit>();

  constructor(options: ExitKeeperOptions, dependencies: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = dependencies.logger;
  }

  /**
   * Resolves when the exits up to now are kept and every shim will tell of a later one, until what this resolves with is
   * disposed of. No shim's fault is an error.
   */
  async watch(): Promise<Disposable> {
    const { state, namespace, directory } = this.#options;
    const waits = new DisposableStack();
    const bundles = join(state, 'io.containerd.runtime.v2.task', namespace);
    const ids = (await readdir(bundles).catch(() => [])).filter((name) => !name.startsWith('.'));
    if (ids.length > 0) await mkdir(directory, { recursive: true, mode: 0o700 });
    await Promise.all(
      ids.map(async (id) => {
        try {
          const address = await readShimAddress(join(bundles, id));
          if (address) await this.#ask(id, address, waits);
        } catch (error) {
          this.#logger.debug('a shim did not tell what became of its container', { container: id, error });
        }
      }),
    );
    return waits;
  }

  /** How the process of that id ended while no containerd ran, if that was seen. */
  async find(id: string, pid: number): Promise<TaskExitInfo | undefined> {
    const kept = this.#fresh.get(id) ?? (await this.#read(id));
    return kept?.pid === pid ? kept : undefined;
  }

  async #read(id: string): Promise<KeptExit | undefined> {
    const text = await readFile(this.#file(id), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const { pid, exitStatus, exitedAt } = JSON.parse(text) as { pid: number; exitStatus: number; exitedAt: string };
    return { pid, exitStatus, exitedAt: exitedAt === '' ? undefined : BigInt(exitedAt) };
  }

  /** It is written down elsewhere now. */
  async forget(id: string): Promise<void> {
    this.#fresh.delete(id);
    await rm(this.#file(id), { force: true });
  }

  async #ask(id: string, address: ShimAddress, waits: DisposableStack): Promise<void> {
    const patience = this.#options.patienceMs ?? 5000;
    using asked = this.#call(address, 'State', StateRequest.encode({ id, execId: '' }).finish());
    const answer = await withDeadline(asked.answer, patience, `the shim of ${id}`);
    const { pid, status, exitStatus, exitedAt } = StateResponse.decode(answer);
    if (status === Status.STOPPED) return await this.#keep(id, { pid, exitStatus, exitedAt: toNanos(exitedAt) });
    const call = waits.use(this.#call(address, 'Wait', WaitRequest.encode({ id, execId: '' }).finish()));
    background(this.#wait(id, pid, call), (error) =>
      this.#logger.debug('a shim was not waited for to its end', { container: id, error }),
    );
    await withDeadline(call.sent, patience, `the shim of ${id}`);
  }

  async #wait(id: string, pid: number, call: TtrpcCall): Promise<void> {
    const { exitStatus, exitedAt } = WaitResponse.decode(await call.answer);
    await this.#keep(id, { pid, exitStatus, exitedAt: toNanos(exitedAt) });
  }

  #call({ path, version }: ShimAddress, method: string, payload: Uint8Array): TtrpcCall {
    const metadata = [{ key: 'containerd-namespace-ttrpc', value: this.#options.namespace }];
    return new TtrpcCall(path, { service: `containerd.task.v${version}.Task`, method, payload, metadata });
  }

  async #keep(id: string, exit: KeptExit): Promise<void> {
    this.#fresh.set(id, exit);
    const { pid, exitStatus, exitedAt } = exit;
    await writeFileAtomic(
      this.#file(id),
      JSON.stringify({ pid, exitStatus, exitedAt: exitedAt?.toString() ?? '' }),
      0o600,
    );
  }

  #file(id: string): string {
    return join(this.#options.directory, id);
  }
}
