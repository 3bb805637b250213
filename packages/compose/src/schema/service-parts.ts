import {
  anything,
  bool,
  boolOrStr,
  bytes,
  duration,
  fileMode,
  ignored,
  int,
  listOf,
  mapOfType,
  number,
  nullable,
  object,
  oneOf,
  pattern,
  refused,
  type Static,
  str,
  textOrNull,
} from './type.ts';

const SWARM = 'only a swarm acts on it';

export const Ulimit = object({ soft: int, hard: int, single: int });

export const FileReference = object(
  { gid: str, mode: fileMode, source: str, target: str, uid: str },
  { required: ['source'] },
);
export type FileReference = Static<typeof FileReference>;

/** What only BuildKit does is refused when a daemon without it is to build. */
export const Build = object({
  additional_contexts: mapOfType(str),
  args: mapOfType(textOrNull),
  cache_from: listOf(str),
  cache_to: listOf(str),
  context: str,
  dockerfile: str,
  dockerfile_inline: str,
  entitlements: listOf(str),
  extra_hosts: mapOfType(listOf(str)),
  isolation: refused<never>('it is for Windows'),
  labels: mapOfType(textOrNull),
  network: str,
  no_cache: bool,
  no_cache_filter: listOf(str),
  platforms: listOf(str),
  privileged: refused<never>('no builder here runs privileged steps'),
  provenance: boolOrStr,
  pull: bool,
  sbom: boolOrStr,
  secrets: listOf(FileReference),
  shm_size: bytes,
  ssh: mapOfType(textOrNull),
  tags: listOf(str),
  target: str,
  ulimits: mapOfType(Ulimit),
});
export type Build = Static<typeof Build>;

const DeviceRequest = object({
  capabilities: listOf(str),
  count: pattern(/^(all|\d+)$/, 'a number or all'),
  device_ids: listOf(str),
  driver: str,
  options: mapOfType(str),
});
export type DeviceRequest = Static<typeof DeviceRequest>;

const Limits = object({ cpus: number, memory: bytes, pids: int });

export const Deploy = object({
  endpoint_mode: ignored(str, SWARM),
  labels: ignored(mapOfType(textOrNull), 'they are a swarm service’s; use labels for the containers'),
  mode: oneOf('replicated', 'global', 'replicated-job', 'global-job'),
  placement: ignored(anything, SWARM),
  replicas: int,
  resources: object({
    limits: Limits,
    reservations: object({
      cpus: ignored(number, SWARM),
      devices: listOf(DeviceRequest),
      generic_resources: ignored(anything, SWARM),
      memory: bytes,
    }),
  }),
  restart_policy: object({
    condition: oneOf('none', 'on-failure', 'any'),
    delay: ignored(duration, SWARM),
    max_attempts: int,
    window: ignored(duration, SWARM),
  }),
  rollback_config: ignored(anything, SWARM),
  update_config: ignored(anything, SWARM),
});
export type Deploy = Static<typeof Deploy>;

export const Hook = object(
  { command: listOf(str), environment: mapOfType(textOrNull), privileged: bool, user: str, working_dir: str },
  { required: ['command'] },
);
export type Hook = Static<typeof Hook>;

export const WatchRule = object(
  {
    action: oneOf('sync', 'rebuild', 'restart', 'sync+restart', 'sync+exec'),
    exec: Hook,
    ignore: listOf(str),
    include: listOf(str),
    initial_sync: bool,
    path: str,
    target: str,
  },
  { required: ['action', 'path'] },
);
export type WatchRule = Static<typeof WatchRule>;

export const Develop = object({ watch: listOf(WatchRule) });

export const DependsOn = object(
  {
    condition: oneOf('service_started', 'service_healthy', 'service_completed_successfully'),
    required: bool,
    restart: bool,
  },
  { required: ['condition'] },
);
export type DependsOn = Static<typeof DependsOn>;

export const Healthcheck = object({
  disable: bool,
  interval: duration,
  retries: int,
  start_interval: duration,
  start_period: duration,
  test: listOf(str),
  timeout: duration,
});
export type Healthcheck = Static<typeof Healthcheck>;

export const ServiceNetwork = object({
  aliases: listOf(str),
  driver_opts: mapOfType(str),
  gw_priority: int,
  interface_name: str,
  ipv4_address: str,
  ipv6_address: str,
  link_local_ips: listOf(str),
  mac_address: str,
  priority: int,
});
export type ServiceNetwork = Static<typeof ServiceNetwork>;

export const PortEntry = object(
  {
    app_protocol: ignored(str, 'it only informs'),
    host_ip: str,
    mode: oneOf('host', 'ingress'),
    name: str,
    protocol: oneOf('tcp', 'udp', 'sctp'),
    published: pattern(/^(\d{1,5}(-\d{1,5})?)?$/, 'a port or a range of ports'),
    target: int,
  },
  { required: ['target'] },
);
export type PortEntry = Static<typeof PortEntry>;

export const ServiceVolume = object(
  {
    bind: object({
      create_host_path: bool,
      propagation: oneOf('', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'),
      recursive: oneOf('enabled', 'disabled', 'writable', 'readonly'),
      selinux: oneOf('z', 'Z'),
    }),
    consistency: str,
    image: object({ subpath: str }),
    read_only: bool,
    source: str,
    target: str,
    tmpfs: object({ mode: fileMode, size: bytes }),
    type: oneOf('bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster'),
    volume: object({ labels: mapOfType(str), nocopy: bool, subpath: str }),
  },
  { required: ['type', 'target'] },
);
export type ServiceVolume = Static<typeof ServiceVolume>;

export const EnvFile = object({ format: oneOf('', 'raw', 'env'), path: str, required: bool }, { required: ['path'] });
export type EnvFile = Static<typeof EnvFile>;

const WeightDevice = object({ path: str, weight: int });
const ThrottleBytes = object({ path: str, rate: bytes });
const ThrottleOperations = object({ path: str, rate: int });

export const BlkioConfig = object({
  device_read_bps: listOf(ThrottleBytes),
  device_read_iops: listOf(ThrottleOperations),
  device_write_bps: listOf(ThrottleBytes),
  device_write_iops: listOf(ThrottleOperations),
  weight: int,
  weight_device: listOf(WeightDevice),
});

export const Device = object({ permissions: str, source: str, target: str }, { required: ['source'] });
export const Logging = object({ driver: str, options: mapOfType(textOrNull) });
export const ServiceNetworks = mapOfType(nullable(ServiceNetwork));
export const Environment = mapOfType(textOrNull);
export const External = boolOrStr;
export const Gpus = listOf(DeviceRequest);
