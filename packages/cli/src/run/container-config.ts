import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '@pouch/api';
import type { ContainerFlags } from './container-flags.ts';
import { readEnvironment, readLabels } from './environment.ts';
import { healthConfig, parseRestartPolicy } from './limits.ts';
import { machineConfig, machineHostConfig } from './machine-flags.ts';
import { checkMode, optionMap } from './names.ts';
import { combineNetworks } from './networks.ts';
import { parsePorts } from './ports.ts';
import { resources } from './resources.ts';
import { parseSecurityOptions } from './security.ts';
import { parseTmpfs, parseVolumes } from './volumes.ts';

/**
 * The request that `create` sends for these flags, as Docker's client makes it. Throws an Error that says which flags
 * are wrong or contradict each other.
 */
export function containerConfig(
  flags: ContainerFlags,
  given: ReadonlySet<string>,
  image: string,
  command: readonly string[],
): ContainerCreateRequest {
  const volumes = parseVolumes(flags.volume);
  const ports = parsePorts(flags.publish, flags.expose);
  const networks = combineNetworks([...flags.network, ...flags.net], {
    ip: flags.ip,
    ip6: flags.ip6,
    macAddress: flags['mac-address'],
    linkLocalIps: flags['link-local-ip'],
    aliases: [...flags['network-alias'], ...flags['net-alias']],
    links: flags.link,
  });
  return {
    ...processConfig(flags, given, image, command),
    ExposedPorts: ports.exposed,
    Volumes: Object.fromEntries(volumes.anonymous.map((path) => [path, {}])),
    HostConfig: hostConfig(flags, given, volumes.binds, ports.bindings, networks.mode),
    NetworkingConfig: networks.config,
  };
}

function processConfig(
  flags: ContainerFlags,
  given: ReadonlySet<string>,
  image: string,
  command: readonly string[],
): ContainerConfig {
  const attachAll = flags.attach.length === 0;
  const attachStdin = flags.attach.includes('stdin') || (attachAll && flags.interactive);
  const health = healthConfig({
    command: flags['health-cmd'],
    interval: flags['health-interval'],
    timeout: flags['health-timeout'],
    startPeriod: flags['health-start-period'],
    startInterval: flags['health-start-interval'],
    retries: flags['health-retries'],
    disable: flags['no-healthcheck'],
  });
  return {
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: attachStdin,
    AttachStdout: attachAll || flags.attach.includes('stdout'),
    AttachStderr: attachAll || flags.attach.includes('stderr'),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attachStdin,
    Env: readEnvironment(flags['env-file'], flags.env),
    Image: image,
    WorkingDir: flags.workdir,
    Labels: readLabels(flags['label-file'], flags.label),
    ...(command.length > 0 && { Cmd: [...command] }),
    ...(given.has('entrypoint') && { Entrypoint: [flags.entrypoint] }),
    ...(flags['stop-signal'] && { StopSignal: flags['stop-signal'] }),
    ...(flags['stop-timeout'] !== undefined && { StopTimeout: flags['stop-timeout'] }),
    ...(health && { Healthcheck: health }),
    ...machineConfig(flags, given),
  };
}

function hostConfig(
  flags: ContainerFlags,
  given: ReadonlySet<string>,
  binds: readonly string[],
  portBindings: NonNullable<HostConfig['PortBindings']>,
  networkMode: string,
): HostConfig {
  const restart = parseRestartPolicy(flags.restart);
  if (flags.rm && restart.Name !== 'no' && restart.Name !== '') {
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  }
  const security = parseSecurityOptions(flags['security-opt']);
  return {
    ...resources(flags, given),
    ...machineHostConfig(flags, given),
    Binds: [...binds],
    ContainerIDFile: flags.cidfile,
    LogConfig: { Type: flags['log-driver'], Config: logOptions(flags) },
    NetworkMode: networkMode,
    PortBindings: portBindings,
    RestartPolicy: restart,
    AutoRemove: flags.rm,
    VolumeDriver: flags['volume-driver'],
    VolumesFrom: [...flags['volumes-from']],
    CapAdd: [...flags['cap-add']],
    CapDrop: [...flags['cap-drop']],
    CgroupnsMode: checkMode('cgroupns', flags.cgroupns, ['private', 'host'], false) as '' | 'private' | 'host',
    Dns: [...flags.dns],
    DnsOptions: [...flags['dns-option'], ...flags['dns-opt']],
    DnsSearch: [...flags['dns-search']],
    ExtraHosts: [...flags['add-host']],
    GroupAdd: [...flags['group-add']],
    IpcMode: checkMode('ipc', flags.ipc, ['none', 'private', 'shareable', 'host'], true),
    Links: [...flags.link],
    OomScoreAdj: flags['oom-score-adj'],
    PidMode: checkMode('pid', flags.pid, ['host'], true),
    Privileged: flags.privileged,
    PublishAllPorts: flags['publish-all'],
    ReadonlyRootfs: flags['read-only'],
    SecurityOpt: [...security.options],
    StorageOpt: optionMap('storage-opt', flags['storage-opt']),
    UTSMode: checkMode('uts', flags.uts, ['host'], false),
    UsernsMode: checkMode('userns', flags.userns, ['host'], false),
    ShmSize: flags['shm-size'],
    Sysctls: { ...flags.sysctl },
    Annotations: { ...flags.annotation },
    ...(flags.runtime && { Runtime: flags.runtime }),
    ...(flags.mount.length > 0 && { Mounts: [...flags.mount] }),
    ...(flags.tmpfs.length > 0 && { Tmpfs: parseTmpfs(flags.tmpfs) }),
    ...(flags['quota-id'] && { QuotaId: flags['quota-id'] }),
    ...(given.has('enableLxcfs') && { EnableLxcfs: flags.enableLxcfs }),
    ...(flags['intel-rdt-l3-cbm'] && { IntelRdtL3Cbm: flags['intel-rdt-l3-cbm'] }),
    ...(given.has('lxcfs') && { EnableLxcfs: flags.lxcfs }),
    ...(given.has('init') && { Init: flags.init }),
    ...(security.unmasked && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

function logOptions(flags: ContainerFlags): Record<string, string> {
  const options = optionMap('log-opt', flags['log-opt']);
  if (flags['log-driver'] === 'none' && Object.keys(options).length > 0) {
    throw new Error('invalid logging opts for driver none');
  }
  return options;
}
