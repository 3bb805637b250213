import {
  BlkioConfig,
  Build,
  DependsOn,
  Deploy,
  Develop,
  Device,
  EnvFile,
  Environment,
  FileReference,
  Gpus,
  Healthcheck,
  Hook,
  Logging,
  PortEntry,
  ServiceNetworks,
  ServiceVolume,
  Ulimit,
} from './service-parts.ts';
import {
  anything,
  bool,
  bytes,
  duration,
  ignored,
  int,
  listOf,
  mapOfType,
  nullable,
  number,
  object,
  pattern,
  refused,
  type Static,
  str,
  textOrNull,
} from './type.ts';

const WINDOWS = 'it is for Windows';

/** A service in the long syntax of every field (Compose specification, section Services). Durations are milliseconds. */
export const Service = object({
  annotations: mapOfType(textOrNull),
  attach: bool,
  blkio_config: BlkioConfig,
  build: Build,
  cap_add: listOf(str),
  cap_drop: listOf(str),
  cgroup: pattern(/^(host|private)$/, 'host or private'),
  cgroup_parent: str,
  command: nullable(listOf(str)),
  configs: listOf(FileReference),
  container_name: pattern(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'a name of letters, digits, _, . and -'),
  cpu_count: refused<never>(WINDOWS),
  cpu_percent: refused<never>(WINDOWS),
  cpu_period: microseconds(),
  cpu_quota: microseconds(),
  cpu_rt_period: microseconds(),
  cpu_rt_runtime: microseconds(),
  cpu_shares: int,
  cpus: number,
  cpuset: str,
  credential_spec: refused<never>(WINDOWS),
  depends_on: mapOfType(DependsOn),
  deploy: Deploy,
  develop: Develop,
  device_cgroup_rules: listOf(str),
  devices: listOf(Device),
  dns: listOf(str),
  dns_opt: listOf(str),
  dns_search: listOf(str),
  domainname: str,
  entrypoint: nullable(listOf(str)),
  env_file: listOf(EnvFile),
  environment: Environment,
  expose: listOf(pattern(/^\d{1,5}(-\d{1,5})?(\/[a-z]+)?$/, 'a port')),
  external_links: listOf(str),
  extra_hosts: mapOfType(listOf(str)),
  gpus: Gpus,
  group_add: listOf(str),
  healthcheck: Healthcheck,
  hostname: str,
  image: str,
  init: bool,
  ipc: str,
  isolation: refused<never>(WINDOWS),
  label_file: listOf(str),
  labels: mapOfType(textOrNull),
  links: listOf(str),
  logging: Logging,
  mac_address: str,
  mem_limit: bytes,
  mem_reservation: bytes,
  mem_swappiness: int,
  memswap_limit: bytes,
  models: refused<never>('Pouch runs no models'),
  network_mode: str,
  networks: ServiceNetworks,
  oom_kill_disable: bool,
  oom_score_adj: int,
  pid: str,
  pids_limit: int,
  platform: str,
  ports: listOf(PortEntry),
  post_start: listOf(Hook),
  pre_stop: listOf(Hook),
  privileged: bool,
  profiles: listOf(str),
  provider: refused<never>('services are containers here; start what it names beside them'),
  pull_policy: pattern(/^(always|never|missing|if_not_present|build|daily|weekly|every_.+)$/, 'a pull policy'),
  read_only: bool,
  restart: pattern(/^(no|always|unless-stopped|on-failure(:\d+)?|false)$/, 'a restart policy'),
  runtime: str,
  scale: int,
  secrets: listOf(FileReference),
  security_opt: listOf(str),
  shm_size: bytes,
  stdin_open: bool,
  stop_grace_period: duration,
  stop_signal: str,
  storage_opt: mapOfType(str),
  sysctls: mapOfType(str),
  tmpfs: listOf(str),
  tty: bool,
  ulimits: mapOfType(Ulimit),
  use_api_socket: refused<never>("mount the daemon's socket as a volume instead"),
  user: str,
  userns_mode: str,
  uts: pattern(/^host$/, 'host'),
  volumes: listOf(ServiceVolume),
  volumes_from: listOf(str),
  working_dir: str,
});
export type ServiceSpec = Static<typeof Service>;

/** Microseconds, as a number or a duration such as 50ms. */
function microseconds(): typeof int {
  return {
    decode(node, path, problems) {
      if (node.kind === 'scalar' && /^-?\d+$/.test(node.text)) return int.decode(node, path, problems);
      const milliseconds = duration.decode(node, path, problems);
      return milliseconds === undefined ? undefined : Math.round(milliseconds * 1000);
    },
  };
}

const IpamConfig = object({ aux_addresses: mapOfType(str), gateway: str, ip_range: str, subnet: str });

export const Network = object({
  attachable: bool,
  driver: str,
  driver_opts: mapOfType(str),
  enable_ipv4: bool,
  enable_ipv6: bool,
  external: bool,
  internal: bool,
  ipam: object({ config: listOf(IpamConfig), driver: str, options: mapOfType(str) }),
  labels: mapOfType(textOrNull),
  name: str,
});
export type NetworkSpec = Static<typeof Network>;

export const VolumeDefinition = object({
  driver: str,
  driver_opts: mapOfType(str),
  external: bool,
  labels: mapOfType(textOrNull),
  name: str,
});
export type VolumeSpec = Static<typeof VolumeDefinition>;

const NO_SWARM_STORE = 'this engine keeps no secrets or configs; use file, environment or content';

export const FileObject = object({
  content: str,
  driver: refused<never>(NO_SWARM_STORE),
  driver_opts: refused<never>(NO_SWARM_STORE),
  environment: str,
  external: refused<never>(NO_SWARM_STORE),
  file: str,
  labels: mapOfType(textOrNull),
  name: str,
  template_driver: refused<never>(NO_SWARM_STORE),
});
export type FileObjectSpec = Static<typeof FileObject>;

/** A whole file, after the merge. */
export const ComposeFile = object({
  configs: mapOfType(FileObject),
  include: anything,
  models: refused<never>('Pouch runs no models'),
  name: str,
  networks: mapOfType(nullable(Network)),
  secrets: mapOfType(FileObject),
  services: mapOfType(Service),
  version: ignored(anything, 'it is obsolete; remove it'),
  volumes: mapOfType(nullable(VolumeDefinition)),
});
