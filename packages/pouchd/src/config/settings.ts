/** The kinds of value a setting can have, and how each is written in a file, in the environment and as a flag. */
export type SettingKind = 'string' | 'boolean' | 'integer' | 'list' | 'map' | 'json';

export interface Setting {
  /** Its name in the file; `--name` as a flag, POUCHD_NAME in the environment. */
  readonly name: string;
  readonly kind: SettingKind;
  readonly default: unknown;
  readonly description: string;
  readonly short?: string;
  /** Taken over by SIGHUP without a restart. */
  readonly reloadable?: true;
  readonly choices?: readonly string[];
}

/**
 * Every setting of pouchd, once. Flags, environment, file, --print-config, --validate and the reference page derive from
 * this table. Names are dockerd's where dockerd has the setting.
 */
export const SETTINGS = [
  {
    name: 'root',
    kind: 'string',
    default: '/var/lib/pouch',
    description: 'Directory of everything durable: images, containers, volumes, metadata.',
  },
  {
    name: 'state',
    kind: 'string',
    default: '/run/pouch',
    description: 'Directory of what lives until the next boot: sockets, pid files, namespaces.',
  },
  {
    name: 'host',
    kind: 'list',
    short: 'H',
    default: [],
    description: 'Where the API is served: unix:///path, or tcp://address:port. Default: unix://STATE/pouchd.sock.',
  },
  { name: 'group', kind: 'string', short: 'G', default: 'pouch', description: 'Group that may use the unix socket.' },
  {
    name: 'tls-certificate',
    kind: 'string',
    default: '',
    description: "PEM file of the daemon's certificate, for tcp:// hosts.",
  },
  { name: 'tls-key', kind: 'string', default: '', description: "PEM file of the certificate's key." },
  {
    name: 'tls-ca',
    kind: 'string',
    default: '',
    description: "PEM file of the authority that signs the clients' certificates.",
  },
  {
    name: 'manager-whitelist',
    kind: 'list',
    default: [],
    description:
      'Common names of the clients that may call over TLS; empty lets in every client with a valid certificate.',
  },
  {
    name: 'allow-insecure-tcp',
    kind: 'boolean',
    default: false,
    description: 'Serve tcp:// without TLS. Whoever reaches the port is root on this host.',
  },
  {
    name: 'log-level',
    kind: 'string',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error'],
    reloadable: true,
    description: 'How much the daemon logs.',
  },
  {
    name: 'log-format',
    kind: 'string',
    default: 'text',
    choices: ['text', 'json'],
    reloadable: true,
    description: 'Lines for people or JSON lines.',
  },
  {
    name: 'debug',
    kind: 'boolean',
    short: 'D',
    default: false,
    reloadable: true,
    description: 'The same as --log-level=debug.',
  },
  {
    name: 'containerd',
    kind: 'string',
    default: '',
    description:
      'Socket of a containerd to use. Empty: the daemon starts and watches one of its own under ROOT and STATE.',
  },
  {
    name: 'containerd-binary',
    kind: 'string',
    default: 'containerd',
    description: 'The executable of its own containerd.',
  },
  {
    name: 'buildkit-binary',
    kind: 'string',
    default: '',
    description:
      "The executable of BuildKit's daemon, which is started when something is built. Empty: buildkitd, where it is on the PATH; none: no BuildKit.",
  },
  {
    name: 'buildkit-idle-timeout',
    kind: 'integer',
    default: 600,
    description:
      'Seconds that BuildKit stays without a build, a session or a question about its cache before it is ended; it is started again when it is needed. 0: it stays.',
  },
  {
    name: 'build-cache-limit',
    kind: 'string',
    default: '20%',
    description:
      'How much the cache of each builder, BuildKit and the classic one, may take: a size (20g), a part of the disk (20%), or none. What was not used for longest goes first, after a build.',
  },
  {
    name: 'containerd-namespace',
    kind: 'string',
    default: 'pouch',
    description: 'The namespace of containers and images in containerd.',
  },
  {
    name: 'snapshotter',
    kind: 'string',
    default: 'overlayfs',
    description: "containerd's snapshotter for images and containers.",
  },
  {
    name: 'default-runtime',
    kind: 'string',
    default: '',
    description: 'OCI runtime of containers that name none. Empty: crun where it works on this host, else runc.',
  },
  {
    name: 'runtimes',
    kind: 'map',
    default: {},
    description: 'More OCI runtimes with the command line of runc: NAME=EXECUTABLE.',
  },
  {
    name: 'cgroup-driver',
    kind: 'string',
    default: '',
    choices: ['', 'cgroupfs', 'systemd'],
    description: 'Who makes control groups. Empty: systemd on a cgroup v2 host that systemd runs, else cgroupfs.',
  },
  { name: 'cgroup-parent', kind: 'string', default: '', description: 'Control group above those of the containers.' },
  { name: 'bridge', kind: 'string', default: 'pouch0', description: 'Device of the default bridge network.' },
  {
    name: 'bip',
    kind: 'string',
    default: '',
    description: 'Address and prefix of the default bridge, such as 192.168.5.1/24. Empty: a free subnet is chosen.',
  },
  {
    name: 'fixed-cidr',
    kind: 'string',
    default: '',
    description: "Part of the default bridge's subnet to give addresses from.",
  },
  {
    name: 'default-gateway',
    kind: 'string',
    default: '',
    description: 'Gateway of containers on the default bridge; empty: the bridge itself.',
  },
  { name: 'mtu', kind: 'integer', default: 0, description: "MTU of the default bridge; 0: the kernel's." },
  {
    name: 'icc',
    kind: 'boolean',
    default: true,
    description: 'Containers on the default bridge may talk to each other.',
  },
  {
    name: 'ip-masq',
    kind: 'boolean',
    default: true,
    description: 'Containers on the default bridge reach the world with the address of the host.',
  },
  { name: 'ip', kind: 'string', default: '0.0.0.0', description: 'Host address of published ports that name none.' },
  { name: 'ipv6', kind: 'boolean', default: false, description: 'Give the default bridge an IPv6 subnet.' },
  { name: 'fixed-cidr-v6', kind: 'string', default: '', description: 'IPv6 subnet of the default bridge.' },
  {
    name: 'default-address-pools',
    kind: 'json',
    default: [],
    description: 'Pools that networks without a subnet are cut from: [{"base": "10.10.0.0/16", "size": 24}].',
  },
  { name: 'network-table', kind: 'string', default: 'pouch', description: 'Name of the nftables tables.' },
  {
    name: 'network-pool',
    kind: 'integer',
    default: 4,
    description: 'Network namespaces kept ready for containers that start; 0 makes each when it is needed.',
  },
  {
    name: 'net-uplink',
    kind: 'string',
    default: '',
    description: 'Device on which --net-priority has its classes; empty: that of the default route.',
  },
  {
    name: 'net-uplink-rate',
    kind: 'string',
    default: '',
    description: 'Its rate, such as 1gbit; empty: what the device tells.',
  },
  { name: 'dns', kind: 'list', default: [], description: 'DNS servers of containers that name none.' },
  { name: 'dns-search', kind: 'list', default: [], description: 'DNS search domains of containers that name none.' },
  { name: 'dns-opts', kind: 'list', default: [], description: 'Options in resolv.conf of containers that name none.' },
  {
    name: 'registry-mirrors',
    kind: 'list',
    default: [],
    reloadable: true,
    description: 'Mirrors of Docker Hub, tried in order before it.',
  },
  {
    name: 'insecure-registries',
    kind: 'list',
    default: [],
    reloadable: true,
    description: 'Registries (host[:port] or CIDR) that may be spoken to over HTTP or with an unknown certificate.',
  },
  {
    name: 'certs-dir',
    kind: 'string',
    default: '/etc/pouch/certs.d',
    description: 'Certificates of registries: DIR/host:port/{ca.crt,client.cert,client.key}.',
  },
  {
    name: 'max-concurrent-downloads',
    kind: 'integer',
    default: 4,
    reloadable: true,
    description: 'Layers pulled at once.',
  },
  {
    name: 'max-concurrent-uploads',
    kind: 'integer',
    default: 5,
    reloadable: true,
    description: 'Layers pushed at once.',
  },
  {
    name: 'log-driver',
    kind: 'string',
    default: 'json-file',
    choices: ['json-file', 'none'],
    description: 'Log driver of containers that name none.',
  },
  { name: 'log-opts', kind: 'map', default: {}, description: 'Options of that log driver: max-size=10m.' },
  { name: 'default-shm-size', kind: 'string', default: '64m', description: 'Size of /dev/shm.' },
  {
    name: 'default-ipc-mode',
    kind: 'string',
    default: 'private',
    choices: ['private', 'shareable'],
    description: 'IPC mode of containers that name none.',
  },
  {
    name: 'default-cgroupns-mode',
    kind: 'string',
    default: '',
    choices: ['', 'private', 'host'],
    description: 'Cgroup namespace of containers that name none. Empty: private on cgroup v2, host on v1.',
  },
  { name: 'default-ulimits', kind: 'map', default: {}, description: 'Limits of processes: nofile=1024:2048.' },
  {
    name: 'no-new-privileges',
    kind: 'boolean',
    default: false,
    description: 'No process in a container gains rights by setuid.',
  },
  {
    name: 'init',
    kind: 'boolean',
    default: false,
    description: 'Run an init in every container that does not refuse it.',
  },
  {
    name: 'init-path',
    kind: 'string',
    default: '',
    description: 'The init program; empty: tini, docker-init or catatonit, whichever is installed.',
  },
  {
    name: 'plugin-dir',
    kind: 'string',
    default: '',
    description: 'Directory of plugins that are called at points in the life of containers. Empty: none.',
  },
  {
    name: 'rich',
    kind: 'boolean',
    default: false,
    description: 'Run every container that does not refuse it as a machine, under an init.',
  },
  {
    name: 'rich-mode',
    kind: 'string',
    default: 'dumb-init',
    choices: ['dumb-init', 'systemd', 'sbin-init'],
    description: 'The init of rich containers that name none.',
  },
  {
    name: 'lxcfs',
    kind: 'boolean',
    default: true,
    description: 'Show containers their own limits in /proc and /sys where lxcfs is installed, unless they refuse it.',
  },
  { name: 'lxcfs-binary', kind: 'string', default: 'lxcfs', description: 'The executable of lxcfs.' },
  {
    name: 'quota-driver',
    kind: 'string',
    default: '',
    choices: ['', 'project', 'btrfs', 'loop', 'none'],
    description:
      'How disk space is limited. Empty: by project quota or btrfs where the root directory has it, else by file systems in files.',
  },
  {
    name: 'nice',
    kind: 'integer',
    default: -5,
    description:
      'Priority of the daemon where the kernel groups processes by session: -20 to 19, as nice(1) has it. Containers keep 0.',
  },
  {
    name: 'idle-reclaim',
    kind: 'integer',
    default: 30,
    description:
      'Seconds without requests after which memory that holds unused parts of the programs of pouchd and containerd is given back. 0: never.',
  },
  { name: 'labels', kind: 'list', default: [], reloadable: true, description: 'Labels of the daemon: key=value.' },
  {
    name: 'shutdown-timeout',
    kind: 'integer',
    default: 15,
    reloadable: true,
    description: 'Seconds that requests under way have when the daemon is stopped.',
  },
] as const satisfies readonly Setting[];

type KindOf<K extends SettingKind> = {
  string: string;
  boolean: boolean;
  integer: number;
  list: readonly string[];
  map: Readonly<Record<string, string>>;
  json: unknown;
}[K];

type Table = (typeof SETTINGS)[number];

/** The effective configuration: every setting has a value. */
export type Config = { readonly [S in Table as S['name']]: KindOf<S['kind']> };

export function findSetting(name: string): Setting | undefined {
  return (SETTINGS as readonly Setting[]).find((setting) => setting.name === name);
}

/** POUCHD_LOG_LEVEL for `log-level`. */
export function environmentName(name: string): string {
  return `POUCHD_${name.toUpperCase().replaceAll('-', '_')}`;
}
