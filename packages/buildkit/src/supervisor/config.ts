import { isAbsolute } from 'node:path';
import { PouchError } from '@pouch/base';

export interface BuildkitdRegistry {
  /** As in references: host and port. */
  readonly host: string;
  readonly mirrors?: readonly string[] | undefined;
  /** Over HTTP, or with a certificate that nobody knows. */
  readonly insecure?: boolean | undefined;
  /** Directory of ca.crt, client.cert and client.key. */
  readonly certificates?: string | undefined;
}

/** Host: steps share the host's network. CNI: a plugin makes each step's. */
export type BuildkitdNetwork =
  | { readonly mode: 'host' }
  | { readonly mode: 'cni'; readonly configPath: string; readonly binaryDirectory: string; readonly poolSize: number };

export interface BuildkitdConfig {
  /** What must survive a reboot: the build cache's index and the history. Layers are in containerd. */
  readonly root: string;
  /** What need not: sockets, temporary mounts. */
  readonly state: string;
  /** Path of its socket. */
  readonly address: string;
  readonly containerd: {
    readonly address: string;
    readonly namespace: string;
    readonly snapshotter: string;
  };
  /** The OCI runtime of build steps. */
  readonly runtime: { readonly binary: string; readonly root: string; readonly systemdCgroup: boolean };
  readonly cgroupParent: string;
  readonly network: BuildkitdNetwork;
  readonly dns: {
    readonly servers: readonly string[];
    readonly search: readonly string[];
    readonly options: readonly string[];
  };
  readonly registries: readonly BuildkitdRegistry[];
  /** Bytes that the build cache may take: what was not used for longest goes first. Undefined: no garbage collection. */
  readonly cacheLimit: number | undefined;
  /** Shown to clients with the worker. */
  readonly labels: Readonly<Record<string, string>>;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | undefined;
}

/** The configuration file. What it does not say is BuildKit's default. */
export function renderBuildkitdConfig(config: BuildkitdConfig): string {
  for (const path of [config.root, config.state, config.address, config.containerd.address]) checkPath(path);
  const { containerd, runtime, network, dns } = config;
  return `# Written anew at each start; changes are lost.
root = ${quote(config.root)}
insecure-entitlements = ["network.host"]
provenanceEnvDir = ${quote(`${config.state}/provenance.d`)}

[log]
level = ${quote(config.logLevel ?? 'warn')}

[grpc]
address = [${quote(`unix://${config.address}`)}]

[otel]
socketPath = ${quote(`${config.state}/otel.sock`)}

[cdi]
disabled = true

[dns]
nameservers = ${list(dns.servers)}
searchDomains = ${list(dns.search)}
options = ${list(dns.options)}

[worker.oci]
enabled = false

[worker.containerd]
enabled = true
address = ${quote(containerd.address)}
namespace = ${quote(containerd.namespace)}
snapshotter = ${quote(containerd.snapshotter)}
defaultCgroupParent = ${quote(config.cgroupParent)}
${renderCacheLimit(config.cacheLimit)}${renderNetwork(network)}
[worker.containerd.labels]
${pairs(config.labels)}
[worker.containerd.runtime]
name = "io.containerd.runc.v2"

[worker.containerd.runtime.options]
BinaryName = ${quote(runtime.binary)}
Root = ${quote(runtime.root)}
SystemdCgroup = ${String(runtime.systemdCgroup)}
${config.registries.map(renderRegistry).join('')}`;
}

/** The second name is that of BuildKit before 0.17; newer ones look at it only without the first. */
function renderCacheLimit(limit: number | undefined): string {
  if (limit === undefined) return 'gc = false\n';
  return `gc = true\nmaxUsedSpace = ${Math.trunc(limit)}\ngckeepstorage = ${Math.trunc(limit)}\n`;
}

function renderNetwork(network: BuildkitdNetwork): string {
  if (network.mode === 'host') return 'networkMode = "host"\n';
  return `networkMode = "cni"
cniConfigPath = ${quote(network.configPath)}
cniBinaryPath = ${quote(network.binaryDirectory)}
cniPoolSize = ${Math.trunc(network.poolSize)}
`;
}

function renderRegistry({ host, mirrors = [], insecure = false, certificates }: BuildkitdRegistry): string {
  return `
[registry.${quote(host)}]
${mirrors.length > 0 ? `mirrors = ${list(mirrors)}\n` : ''}${insecure ? 'http = true\ninsecure = true\n' : ''}${
  certificates === undefined ? '' : `tlsconfigdir = ${list([certificates])}\n`
}`;
}

function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${quote(name)} = ${quote(value)}\n`)
    .join('');
}

function list(values: readonly string[]): string {
  return `[${values.map(quote).join(', ')}]`;
}

function checkPath(path: string): void {
  if (!isAbsolute(path) || /[\x00-\x1f\x7f]/.test(path)) {
    throw new PouchError('invalid-argument', `BuildKit needs an absolute path; this is none: ${JSON.stringify(path)}`);
  }
}

/** A TOML basic string; JSON's escapes are among TOML's. */
function quote(text: string): string {
  return JSON.stringify(text);
}
