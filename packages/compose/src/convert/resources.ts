import type { DeviceRequest as ApiDeviceRequest, HostConfig, RestartPolicy } from '@pouch/api';
import type { Service } from '../project/project.ts';
import type { DeviceRequest } from '../schema/service-parts.ts';

/** Limits and devices. What deploy.resources says goes before the older fields of the service. */
export function resourcesOf(service: Service): HostConfig {
  const limits = service.deploy?.resources?.limits;
  const reservations = service.deploy?.resources?.reservations;
  const { blkio_config: blkio } = service;
  const cpus = limits?.cpus ?? service.cpus;
  const memory = limits?.memory ?? service.mem_limit;
  const reserved = reservations?.memory ?? service.mem_reservation;
  const pids = limits?.pids ?? service.pids_limit;
  const requests = [...(reservations?.devices ?? []), ...(service.gpus ?? []).map(gpu)].map(deviceRequest);
  return {
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
    ...(memory !== undefined && { Memory: memory }),
    ...(reserved !== undefined && { MemoryReservation: reserved }),
    ...(pids !== undefined && { PidsLimit: pids }),
    ...(service.memswap_limit !== undefined && { MemorySwap: service.memswap_limit }),
    ...(service.mem_swappiness !== undefined && { MemorySwappiness: service.mem_swappiness }),
    ...(service.oom_kill_disable !== undefined && { OomKillDisable: service.oom_kill_disable }),
    ...(service.cpu_shares !== undefined && { CpuShares: service.cpu_shares }),
    ...(service.cpu_period !== undefined && { CpuPeriod: service.cpu_period }),
    ...(service.cpu_quota !== undefined && { CpuQuota: service.cpu_quota }),
    ...(service.cpu_rt_period !== undefined && { CpuRealtimePeriod: service.cpu_rt_period }),
    ...(service.cpu_rt_runtime !== undefined && { CpuRealtimeRuntime: service.cpu_rt_runtime }),
    ...(service.cpuset !== undefined && { CpusetCpus: service.cpuset }),
    ...(service.cgroup_parent !== undefined && { CgroupParent: service.cgroup_parent }),
    ...(blkio?.weight !== undefined && { BlkioWeight: blkio.weight }),
    ...(blkio?.weight_device && {
      BlkioWeightDevice: blkio.weight_device.map(({ path = '', weight = 0 }) => ({ Path: path, Weight: weight })),
    }),
    ...(blkio?.device_read_bps && { BlkioDeviceReadBps: blkio.device_read_bps.map(throttle) }),
    ...(blkio?.device_write_bps && { BlkioDeviceWriteBps: blkio.device_write_bps.map(throttle) }),
    ...(blkio?.device_read_iops && { BlkioDeviceReadIOps: blkio.device_read_iops.map(throttle) }),
    ...(blkio?.device_write_iops && { BlkioDeviceWriteIOps: blkio.device_write_iops.map(throttle) }),
    ...(service.devices && {
      Devices: service.devices.map(({ source = '', target = source, permissions = 'rwm' }) => ({
        PathOnHost: source,
        PathInContainer: target,
        CgroupPermissions: permissions,
      })),
    }),
    ...(service.device_cgroup_rules && { DeviceCgroupRules: [...service.device_cgroup_rules] }),
    ...(requests.length > 0 && { DeviceRequests: requests }),
    ...(service.ulimits && {
      Ulimits: Object.entries(service.ulimits).map(([Name, { soft, hard, single }]) => ({
        Name,
        Soft: soft ?? single ?? hard ?? 0,
        Hard: hard ?? single ?? soft ?? 0,
      })),
    }),
  };
}

function throttle({ path = '', rate = 0 }: { readonly path?: string; readonly rate?: number }): {
  Path: string;
  Rate: number;
} {
  return { Path: path, Rate: rate };
}

function gpu(request: DeviceRequest): DeviceRequest {
  return { ...request, capabilities: [...(request.capabilities ?? []), 'gpu'] };
}

function deviceRequest(request: DeviceRequest): ApiDeviceRequest {
  const all = request.count === 'all' || (request.count === undefined && request.device_ids === undefined);
  return {
    Driver: request.driver ?? '',
    Count: all ? -1 : Number(request.count ?? 0),
    DeviceIDs: [...(request.device_ids ?? [])],
    Capabilities: [[...(request.capabilities ?? [])]],
    Options: { ...request.options },
  };
}

/** `restart`, else what deploy.restart_policy amounts to on one host. */
export function restartPolicyOf(service: Service): RestartPolicy | undefined {
  if (service.restart !== undefined) {
    const [name = '', count] = service.restart.split(':');
    return { Name: name === 'false' ? 'no' : name, MaximumRetryCount: Number(count ?? 0) };
  }
  const policy = service.deploy?.restart_policy;
  if (!policy) return undefined;
  if (policy.condition === 'none') return { Name: 'no', MaximumRetryCount: 0 };
  const count = policy.max_attempts ?? 0;
  if (policy.condition === 'on-failure' || count > 0) return { Name: 'on-failure', MaximumRetryCount: count };
  return { Name: 'always', MaximumRetryCount: 0 };
}
