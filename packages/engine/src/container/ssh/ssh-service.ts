import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, isIP, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { background, type Logger, PouchError, withDeadline } from '@pouch/base';
import type { EventBus } from '../../events/event-bus.ts';
import type { Sandbox } from '../../network/sandbox.ts';
import type { Container } from '../container.ts';
import { publishContainerEvent } from '../lifecycle/container-events.ts';
import { type BridgeDependencies, SessionBridge } from './session-bridge.ts';
import type { SshCommand, SshReport } from './wire.ts';

/** Milliseconds for a server to listen. */
const PATIENCE = 60_000;
/** Milliseconds that the process stays for the next container when the last one is gone. */
const LINGER = 60_000;

export interface SshServiceDependencies extends BridgeDependencies {
  readonly events: EventBus;
  readonly logger: Logger;
  readonly sandbox: (containerId: string) => Sandbox | undefined;
}

/** Gives containers that ask for it an SSH server on their own address. Nothing runs before the first asks. */
export class SshService implements Disposable {
  readonly #socketPath: string;
  readonly #dependencies: SshServiceDependencies;
  readonly #open = new Map<string, Container>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #child: ChildProcess | undefined;
  #sessions: Server | undefined;
  #linger: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: { state: string }, dependencies: SshServiceDependencies) {
    this.#socketPath = join(options.state, 'ssh.sock');
    this.#dependencies = dependencies;
  }

  /**
   * Listen on the container's address; resolves when it does. Its network must be there already, its processes need not: so
   * that the port is this server's, whatever the image starts. Throws `conflict` when the port is taken.
   */
  async open(container: Container): Promise<void> {
    const { hostConfig } = container.record;
    if (!hostConfig.Ssh) return;
    const sandbox = this.#dependencies.sandbox(container.id);
    if (sandbox?.netnsPath === undefined)
      throw new PouchError('internal', 'a container with SSH has no network namespace');
    const child = await this.#start();
    this.#open.set(container.id, container);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(container.id, waiting);
    const command: SshCommand = {
      kind: 'open',
      container: container.id,
      netns: sandbox.netnsPath,
      port: hostConfig.SshPort || 22,
      keys: hostConfig.SshKeys ?? [],
      hostKeyFile: join(container.directory, 'ssh', 'host_key'),
      nameservers: await readNameservers(sandbox.resolvConfPath),
    };
    child.send(command);
    try {
      await withDeadline(waiting.promise, PATIENCE, `the SSH server of container ${container.record.name}`);
    } catch (error) {
      this.close(container);
      throw error;
    } finally {
      this.#waiting.delete(container.id);
    }
  }

  close(container: Container): void {
    if (!this.#open.delete(container.id)) return;
    this.#child?.send({ kind: 'close', container: container.id });
    clearTimeout(this.#linger);
    // Asked again when it is time: somebody may be about to open.
    this.#linger = setTimeout(() => this.#open.size === 0 && this.#end(), LINGER).unref();
  }

  async #start(): Promise<ChildProcess> {
    if (this.#disposed) throw new PouchError('cancelled', 'the daemon is stopping');
    clearTimeout(this.#linger);
    if (!this.#sessions) {
      rmSync(this.#socketPath, { force: true });
      this.#sessions = createServer(
        { allowHalfOpen: true },
        (socket) => void new SessionBridge(socket, this.#dependencies),
      );
      this.#sessions.listen(this.#socketPath);
      await once(this.#sessions, 'listening');
      chmodSync(this.#socketPath, 0o600);
      this.#sessions.unref();
    }
    if (this.#child) return this.#child;
    const script = fileURLToPath(new URL('./process/main.ts', import.meta.url));
    // It makes small things in large numbers and keeps little.
    const child = fork(script, [this.#socketPath], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--max-semi-space-size=1'],
    });
    this.#child = child;
    child.on('message', (report: SshReport) => this.#take(report));
    child.once('exit', (code) => this.#ended(child, code));
    // It could not be started, or something was sent to it as it ended: its exit tells the rest.
    child.on('error', (error) => {
      this.#dependencies.logger.warn('the SSH process cannot be reached', { error });
      if (child.pid === undefined) this.#ended(child, null);
    });
    return child;
  }

  /** Whatever ended it, every container that runs has its server back. */
  #ended(child: ChildProcess, code: number | null): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const waiting of this.#waiting.values())
      waiting.reject(new PouchError('unavailable', 'the SSH process ended'));
    if (this.#disposed || this.#open.size === 0) return;
    this.#dependencies.logger.warn('the SSH process ended; it is started again', { code });
    for (const container of this.#open.values()) {
      background(this.open(container), (error) =>
        this.#dependencies.logger.error('an SSH server is not back', { container: container.id, error }),
      );
    }
  }

  #take(report: SshReport): void {
    const { events, logger } = this.#dependencies;
    const waiting = this.#waiting.get(report.container);
    if (report.kind === 'failed') {
      waiting?.reject(new PouchError('conflict', `the SSH server cannot listen: ${report.message}`));
      return;
    }
    const container = this.#open.get(report.container);
    if (!container) return;
    if (report.kind === 'opened') {
      logger.debug('SSH is served', { container: container.id, hostKey: report.fingerprint });
      return waiting?.resolve();
    }
    const { kind, user, address, key, session } = report;
    const facts = { user, address, key, session };
    if (kind === 'login') publishContainerEvent(events, container, 'ssh_login', facts);
    else publishContainerEvent(events, container, 'ssh_logout', facts);
  }

  #end(): void {
    clearTimeout(this.#linger);
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGTERM');
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#end();
    this.#sessions?.close();
    if (this.#sessions) rmSync(this.#socketPath, { force: true });
  }
}

async function readNameservers(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return [...text.matchAll(/^nameserver\s+(\S+)/gm)]
    .map((match) => match[1] as string)
    .filter((each) => isIP(each) !== 0);
}
