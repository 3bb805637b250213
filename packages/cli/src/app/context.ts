import { type EndpointFlags, PouchClient, resolveEndpoint } from '@pouch/client';
import { Output } from '../output/output.ts';

export interface GlobalFlags extends EndpointFlags {
  /** Directory of config.json. */
  readonly config?: string;
  readonly debug: boolean;
}

/** What a command works with: the daemon, and where to print. */
export class Context implements Disposable {
  readonly stdout: Output = new Output(1);
  readonly stderr: Output = new Output(2);
  readonly globals: GlobalFlags;
  /** Values of the flags between a group's word and its command. */
  groupFlags: Readonly<Record<string, unknown>> = {};
  #client: PouchClient | undefined;

  constructor(globals: GlobalFlags) {
    this.globals = globals;
  }

  /** The daemon's client, made when it is first needed. */
  get client(): PouchClient {
    if (!this.#client) {
      const apiVersion = process.env['POUCH_API_VERSION'] || process.env['DOCKER_API_VERSION'];
      this.#client = new PouchClient({
        endpoint: resolveEndpoint(this.globals),
        userAgent: 'pouch-cli',
        ...(apiVersion && { apiVersion }),
      });
    }
    return this.#client;
  }

  /** Where credentials and settings of the user are. */
  get configDirectory(): string {
    return this.globals.config || process.env['DOCKER_CONFIG'] || `${process.env['HOME'] ?? '/root'}/.docker`;
  }

  /** A line on standard output. */
  print(line: string): void {
    this.stdout.write(`${line}\n`);
  }

  /** A line on standard error. */
  warn(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }
}
