import { isAbsolute } from 'node:path';
import { PouchError } from '@pouch/base';

export interface ContainerdConfig {
  /** What must survive a reboot: content, snapshots, metadata. */
  readonly root: string;
  /** What need not: bundles, sockets. */
  readonly state: string;
  /** The gRPC socket's path. */
  readonly address: string;
  /** Default `overlayfs`. Other snapshotters are switched off, bar `native`. */
  readonly snapshotter?: string | undefined;
  /** Default `warn`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | undefined;
  /** oom_score_adj of containerd and, plus one, its shims. Default -999; where that is not allowed containerd goes on without. */
  readonly oomScore?: number | undefined;
  /** Plugins to switch off besides. */
  readonly disabledPlugins?: readonly string[] | undefined;
}

/** Unix socket paths hold 107 bytes; containerd appends `.ttrpc` for its second socket. */
const MAX_ADDRESS = 107 - '.ttrpc'.length;

/**
 * What a private containerd has no use for. The ids of 1.6, 1.7 and 2.x stand side by side: an id that a release does not
 * know, it ignores. `io.containerd.runtime.v1.linux` stays: without it the tasks service of 1.6 does not load.
 */
const DISABLED = [
  'io.containerd.grpc.v1.cri',
  'io.containerd.cri.v1.images',
  'io.containerd.cri.v1.runtime',
  'io.containerd.podsandbox.controller.v1.podsandbox',
  'io.containerd.nri.v1.nri',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.monitor.container.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.ttrpc.v1.otelttrpc',
  'io.containerd.image-verifier.v1.bindir',
  // Metrics for Prometheus, gathered at each start; we read the cgroups' files when somebody asks.
  'io.containerd.monitor.v1.cgroups',
  'io.containerd.monitor.task.v1.cgroups',
  'io.containerd.differ.v1.erofs',
];

const SNAPSHOTTERS = ['aufs', 'blockfile', 'btrfs', 'devmapper', 'erofs', 'overlayfs', 'zfs'];

/** The configuration file, in version 2, which every release from 1.6 on reads. */
export function renderConfig(config: ContainerdConfig): string {
  for (const path of [config.root, config.state, config.address]) checkPath(path);
  if (Buffer.byteLength(config.address) > MAX_ADDRESS) {
    throw new PouchError(
      'invalid-argument',
      `containerd's socket path is longer than ${MAX_ADDRESS} bytes: '${config.address}'. Choose a shorter directory.`,
    );
  }
  const snapshotter = config.snapshotter ?? 'overlayfs';
  const unused = SNAPSHOTTERS.filter((name) => name !== snapshotter).map(
    (name) => `io.containerd.snapshotter.v1.${name}`,
  );
  const disabled = [...DISABLED, ...unused, ...(config.disabledPlugins ?? [])];
  return `# Written anew at each start; changes are lost.
version = 2
root = ${quote(config.root)}
state = ${quote(config.state)}
oom_score = ${Math.trunc(config.oomScore ?? -999)}
disabled_plugins = [
${disabled.map((id) => `  ${quote(id)},\n`).join('')}]

[grpc]
address = ${quote(config.address)}

[debug]
level = ${quote(config.logLevel ?? 'warn')}

# A shim that does not answer in time counts as dead, and its container is taken away: leave a busy host some time.
[timeouts]
"io.containerd.timeout.shim.load" = "60s"
"io.containerd.timeout.shim.cleanup" = "15s"
"io.containerd.timeout.shim.shutdown" = "5s"
"io.containerd.timeout.task.state" = "15s"

# Collect no garbage while a client is taking up its work again, and then in at most a fiftieth of the time.
[plugins."io.containerd.gc.v1.scheduler"]
pause_threshold = 0.02
deletion_threshold = 0
mutation_threshold = 100
schedule_delay = "0s"
startup_delay = "5s"

# The ingest of finished files relies on it.
[plugins."io.containerd.metadata.v1.bolt"]
content_sharing_policy = "shared"
`;
}

function checkPath(path: string): void {
  if (!isAbsolute(path) || /[\x00-\x1f\x7f]/.test(path)) {
    throw new PouchError(
      'invalid-argument',
      `containerd needs an absolute path; this is none: ${JSON.stringify(path)}`,
    );
  }
}

/** A TOML basic string; JSON's escapes are among TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}
