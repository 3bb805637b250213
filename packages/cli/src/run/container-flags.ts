import type { FlagValues } from '../flags/flag.ts';
import { bool, list, map, optionalInt, parsedList, str } from '../flags/types.ts';
import { parseMount } from './mount.ts';
import { checkAddress, checkDnsSearch, checkExtraHost, checkLink, checkStream } from './names.ts';
import { checkMac, parseNetwork } from './networks.ts';
import { MACHINE_FLAGS } from './machine-flags.ts';
import { HEALTH_FLAGS, RESOURCE_FLAGS } from './resource-flags.ts';

const LOGS = { group: 'Logging' } as const;
const NETWORK = { group: 'Network' } as const;
const STORAGE = { group: 'Storage' } as const;
const SECURITY = { group: 'Security and namespaces' } as const;
const IMAGE = { group: 'Image' } as const;
const PROCESS = { group: 'Process' } as const;
const IDENTITY = { group: 'Name and metadata' } as const;
const WINDOWS = 'it is for Windows containers only';

/** The flags of `run` and `create` that describe the container. */
export const CONTAINER_FLAGS = {
  // Process
  attach: list('Streams to attach: stdin, stdout, stderr (default: all that apply)', {
    ...PROCESS,
    short: 'a',
    check: checkStream,
    values: ['stdin', 'stdout', 'stderr'],
  }),
  entrypoint: str("Program to run in place of the image's entrypoint", PROCESS),
  env: list('Set a variable: NAME=value, or NAME to pass yours on', { ...PROCESS, short: 'e' }),
  'env-file': list('Read variables from a file, one NAME=value per line', { ...PROCESS, complete: 'file' }),
  init: bool('Run a small init as process 1: it reaps zombies and passes signals on', PROCESS),
  interactive: bool('Keep standard input open', { ...PROCESS, short: 'i' }),
  restart: str('When to start it again: no, always, unless-stopped, on-failure[:max-retries]', {
    ...PROCESS,
    default: 'no',
    values: ['no', 'always', 'unless-stopped', 'on-failure'],
  }),
  rm: bool('Remove the container and its anonymous volumes when it ends', PROCESS),
  'stop-signal': str('Signal by which it is asked to stop', PROCESS),
  'stop-timeout': optionalInt('Seconds to wait after that signal before it is killed', PROCESS),
  tty: bool('Give it a terminal', { ...PROCESS, short: 't' }),
  user: str('User to run as: name or uid, with :group or :gid', { ...PROCESS, short: 'u' }),
  workdir: str('Directory to start in', { ...PROCESS, short: 'w' }),

  // Name and metadata
  annotation: map('Annotation for the OCI runtime: NAME=value', IDENTITY),
  cidfile: str('Write the container id to this file, which must not exist', { ...IDENTITY, complete: 'file' }),
  label: list('Label: NAME=value', { ...IDENTITY, short: 'l' }),
  'label-file': list('Read labels from a file, one NAME=value per line', { ...IDENTITY, complete: 'file' }),
  name: str('Name of the container (default: one is made up)', IDENTITY),

  // Image
  platform: str('Platform of the image: os[/arch[/variant]]', IMAGE),
  pull: str('When to pull the image: always, missing, never', {
    ...IMAGE,
    default: 'missing',
    values: ['always', 'missing', 'never'],
  }),
  quiet: bool('Print no pull progress', { ...IMAGE, short: 'q' }),
  'disable-content-trust': bool('Accepted for compatibility', { default: true, hidden: true }),

  // Network
  'add-host': list('Line for /etc/hosts: NAME:ADDRESS; the address host-gateway is this machine', {
    ...NETWORK,
    check: checkExtraHost,
  }),
  dns: list('DNS server', { ...NETWORK, check: checkAddress }),
  'dns-opt': list('DNS option', { ...NETWORK, hidden: true }),
  'dns-option': list('Option for /etc/resolv.conf', NETWORK),
  'dns-search': list('DNS search domain', { ...NETWORK, check: checkDnsSearch }),
  domainname: str('NIS domain name', NETWORK),
  expose: list('Port or range that the container listens on, not published: 80, 8000-8010/udp', NETWORK),
  hostname: str('Host name inside', { ...NETWORK, short: 'h' }),
  ip: str('IPv4 address in the first network', NETWORK),
  ip6: str('IPv6 address in the first network', NETWORK),
  link: list('Another container to be known here: NAME[:ALIAS]', {
    ...NETWORK,
    check: checkLink,
    complete: 'container',
  }),
  'link-local-ip': list('Link-local address', NETWORK),
  'mac-address': { ...str('MAC address', NETWORK), parse: (text: string): string => checkMac(text) },
  network: parsedList(
    'network',
    'Network to join: a name, host, none, container:NAME, or name=…,alias=…,ip=…',
    parseNetwork,
    {
      ...NETWORK,
      complete: 'network',
    },
  ),
  net: parsedList('network', 'The same as --network', parseNetwork, { hidden: true, complete: 'network' }),
  'network-alias': list('Another name for it in the first network', NETWORK),
  'net-alias': list('The same as --network-alias', { hidden: true }),
  publish: list('Publish a port: [[IP:]HOST:]CONTAINER[/tcp|udp|sctp], ranges too', { ...NETWORK, short: 'p' }),
  'publish-all': bool('Publish every exposed port on a free port of this machine', { ...NETWORK, short: 'P' }),

  // Storage
  mount: parsedList('mount', 'Mount: type=bind|volume|tmpfs|image,source=…,target=…[,readonly]', parseMount, STORAGE),
  'quota-id': str('Number of the disk quota of /: containers of one number share it', STORAGE),
  'read-only': bool('Mount the root file system read-only', STORAGE),
  'storage-opt': list('Option of the storage: size=10G', STORAGE),
  tmpfs: list('Mount a tmpfs: PATH[:OPTIONS]', STORAGE),
  volume: list('Mount a volume or a directory: [SOURCE:]TARGET[:ro|…]', { ...STORAGE, short: 'v', complete: 'volume' }),
  'volume-driver': str('Driver of volumes that are made on the way', STORAGE),
  'volumes-from': list('Take the mounts of another container: NAME[:ro]', { ...STORAGE, complete: 'container' }),

  // Security and namespaces
  'cap-add': list('Give a capability, such as NET_ADMIN', SECURITY),
  'cap-drop': list('Take a capability, or ALL', SECURITY),
  'cgroup-parent': str('cgroup under which the container is put', SECURITY),
  cgroupns: str('cgroup namespace: private or host', { ...SECURITY, values: ['private', 'host'] }),
  'group-add': list('More groups for the user', SECURITY),
  ipc: str('IPC namespace: none, private, shareable, host, container:NAME', SECURITY),
  pid: str('PID namespace: host or container:NAME', SECURITY),
  'intel-rdt-l3-cbm': str('L3 cache schema of Intel RDT: L3:0=f', SECURITY),
  lxcfs: bool('Show its own limits in /proc and /sys (default: where lxcfs is installed)', SECURITY),
  privileged: bool('Give every capability and device that the daemon has', SECURITY),
  runtime: str('OCI runtime to use', SECURITY),
  'security-opt': list(
    'no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, systempaths=unconfined',
    SECURITY,
  ),
  sysctl: map('Kernel setting: NAME=value', SECURITY),
  userns: str('User namespace: host', SECURITY),
  uts: str('UTS namespace: host', SECURITY),

  // Logging
  'log-driver': str('How its output is kept: json-file, none, …', LOGS),
  'log-opt': list('Option of the log driver: max-size=10m', LOGS),

  ...MACHINE_FLAGS,
  ...RESOURCE_FLAGS,
  ...HEALTH_FLAGS,

  enableLxcfs: bool('The same as --lxcfs', { hidden: true }),
  'memory-extra': optionalInt('Memory above the water mark', {
    refused: 'it was a feature of the kernel of AliOS; --memory-high and --memory-wmark-ratio are what Linux has',
  }),
  'sche-lat-switch': optionalInt('Count scheduling latency', {
    refused: 'it was a feature of the kernel of AliOS; read cpu.pressure of the control group on cgroup v2',
  }),
  'nvidia-capabilities': str('GPU capabilities', { refused: 'there is no GPU support' }),
  'nvidia-visible-devs': str('GPUs', { refused: 'there is no GPU support' }),
  'specific-id': str('Id of the container', {
    refused: 'ids are made by the daemon, so that no two are the same; use --name',
  }),
  'cpu-count': optionalInt('CPU count', { refused: WINDOWS }),
  'cpu-percent': optionalInt('CPU percent', { refused: WINDOWS }),
  'io-maxbandwidth': str('IO bandwidth', { refused: WINDOWS }),
  'io-maxiops': optionalInt('IO operations', { refused: WINDOWS }),
  isolation: str('Isolation technology', { refused: WINDOWS }),
  'use-api-socket': bool('Mount the API socket', {
    refused: 'it would hand the container full control of this host; mount the socket yourself with -v if you mean it',
  }),
};

export type ContainerFlags = FlagValues<typeof CONTAINER_FLAGS>;
