import type { Logger } from '@pouch/base';
import { ContainerdClient } from '../client.ts';
import { DaemonSupervisor, type SupervisionOptions } from './daemon-supervisor.ts';
import { type LaunchOptions, launchContainerd } from './launch.ts';
import { findContainerd } from './process-identity.ts';

export interface SupervisorOptions extends LaunchOptions, SupervisionOptions {
  /** Done while none runs, before one is started; what it resolves with is disposed of when that answers or has failed. */
  readonly beforeLaunch?: (() => Promise<Disposable>) | undefined;
}

/** Keeps one private containerd running. Containers live on in their shims when it ends. */
export class ContainerdSupervisor extends DaemonSupervisor {
  constructor(options: SupervisorOptions, dependencies: { readonly logger: Logger }) {
    const { address } = options;
    const client = new ContainerdClient(
      { address, namespace: 'default', patienceMs: 0, onDisconnect: () => this.wake() },
      dependencies,
    );
    super(options, {
      logger: dependencies.logger,
      daemon: {
        name: 'containerd',
        find: () => findContainerd(options.pidFile, options.configPath),
        beforeLaunch: options.beforeLaunch,
        launch: () => launchContainerd(options),
        waitForReady: (timeoutMs, signal) => client.waitForReady(timeoutMs, { signal }),
        ping: (call) => client.version.get(call),
        reconnect: () => client.reconnect(),
        disconnect: () => client[Symbol.dispose](),
      },
    });
  }
}
