import type { Logger } from '@pouch/base';
import { type CallOptions, GrpcChannel, GrpcService } from '@pouch/grpc';
import {
  ControlDefinition,
  type PruneRequest,
  type SolveRequest,
  type SolveResponse,
  StatusResponse,
  type UsageRecord,
} from './generated/buildkit/control.ts';
import type { WorkerRecord } from './generated/buildkit/worker.ts';

export interface BuildKitClientOptions {
  /** Path of buildkitd's socket. */
  readonly address: string;
  /** Milliseconds that a call waits for a buildkitd that does not listen (yet). Default 10,000. */
  readonly patienceMs?: number | undefined;
  /** Called each time that the connection ended, mostly because buildkitd did. */
  readonly onDisconnect?: (() => void) | undefined;
}

type Call = Pick<CallOptions, 'signal' | 'deadlineMs'>;

/**
 * A typed client of one buildkitd. It connects when first used, and again whenever the connection broke. Errors are
 * PouchErrors with BuildKit's own message.
 */
export class BuildKitClient implements Disposable {
  readonly address: string;
  readonly #channel: GrpcChannel;
  readonly #control: GrpcService<typeof ControlDefinition>;

  constructor(options: BuildKitClientOptions, dependencies: { readonly logger: Logger }) {
    this.address = options.address;
    this.#channel = new GrpcChannel(
      { path: options.address, server: 'BuildKit', onDisconnect: options.onDisconnect },
      dependencies,
    );
    const defaults = options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs };
    this.#control = new GrpcService(ControlDefinition, this.#channel, () => defaults);
  }

  /** Version of buildkitd. */
  async version(call: Call = {}): Promise<string> {
    const { buildkitVersion } = await this.#control.unary('info', {}, { ...call, retryUnavailable: true });
    return buildkitVersion?.version ?? '';
  }

  async workers(call: Call = {}): Promise<WorkerRecord[]> {
    return (await this.#control.unary('listWorkers', {}, { ...call, retryUnavailable: true })).record;
  }

  /** Every piece of the build cache that the filters match. */
  async diskUsage(filter: readonly string[] = [], call: Call = {}): Promise<UsageRecord[]> {
    const request = { filter: [...filter] };
    return (await this.#control.unary('diskUsage', request, { ...call, retryUnavailable: true })).record;
  }

  /** Removes what is not in use; gives each piece when it is gone. */
  prune(request: Partial<PruneRequest>, call: Call = {}): AsyncGenerator<UsageRecord, void, undefined> {
    return this.#control.stream('prune', request, call);
  }

  /** Build. Resolves with what the exporter tells once the result is exported. Aborting cancels the build. */
  async solve(request: Partial<SolveRequest>, call: Call = {}): Promise<SolveResponse> {
    return await this.#control.unary('solve', request, call);
  }

  /** The progress of a build, as encoded `moby.buildkit.v1.StatusResponse`s; it may be asked for before the build starts. */
  async *status(ref: string, call: Call = {}): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const message of this.#control.stream('status', { Ref: ref }, call)) {
      yield StatusResponse.encode(message).finish();
    }
  }

  /** Drop the connection; the next call makes a new one. */
  reconnect(): void {
    this.#channel.reset();
  }

  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}
