import { ArchiveApi } from './archive.ts';
import { BuildsApi } from './builds.ts';
import { CheckpointsApi } from './checkpoints.ts';
import { ContainersApi } from './containers.ts';
import { ExecsApi } from './execs.ts';
import { ImagesApi } from './images.ts';
import { NetworksApi } from './networks.ts';
import { SystemApi } from './system.ts';
import { Transport, type TransportOptions } from './transport.ts';
import { VolumesApi } from './volumes.ts';

/** A daemon's whole API, typed. Dispose of it to close its connections. */
export class PouchClient implements Disposable {
  readonly transport: Transport;
  readonly containers: ContainersApi;
  readonly checkpoints: CheckpointsApi;
  readonly archive: ArchiveApi;
  readonly execs: ExecsApi;
  readonly images: ImagesApi;
  readonly builds: BuildsApi;
  readonly networks: NetworksApi;
  readonly volumes: VolumesApi;
  readonly system: SystemApi;

  constructor(options: TransportOptions) {
    this.transport = new Transport(options);
    this.containers = new ContainersApi(this.transport);
    this.checkpoints = new CheckpointsApi(this.transport);
    this.archive = new ArchiveApi(this.transport);
    this.execs = new ExecsApi(this.transport);
    this.images = new ImagesApi(this.transport);
    this.builds = new BuildsApi(this.transport);
    this.networks = new NetworksApi(this.transport);
    this.volumes = new VolumesApi(this.transport);
    this.system = new SystemApi(this.transport);
  }

  [Symbol.dispose](): void {
    this.transport[Symbol.dispose]();
  }
}
