import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ContainerCreateRequest, HealthConfig, HostConfig } from '@pouch/api';
import { errorMessage, PouchError } from '@pouch/base';
import type { Project, Service } from '../project/project.ts';
import type { Healthcheck } from '../schema/service-parts.ts';
import { type InjectedFile, mountsOf } from './mounts.ts';
import { extraHostsOf, namespaceOf, networkingOf, portsOf } from './networking.ts';
import { resourcesOf, restartPolicyOf } from './resources.ts';

export interface CreateOptions {
  readonly containerName: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The running container that stands for a service: its id. Throws where there is none. */
  readonly containerOf: (service: string) => string;
  readonly links: readonly string[];
  readonly aliases: boolean;
  /** Publish the service's ports. */
  readonly publish: boolean;
  /** Target → volume that goes over from the container before. */
  readonly inherited: ReadonlyMap<string, string>;
}

export interface CreatePlan {
  readonly request: ContainerCreateRequest;
  readonly injected: readonly InjectedFile[];
}

/** A service as the API creates its container. */
export function createRequest(project: Project, service: Service, options: CreateOptions): CreatePlan {
  const networking = networkingOf(project, service, options);
  const mounts = mountsOf(project, service, options.inherited);
  const ports = portsOf(service);
  const health = healthOf(service.healthcheck);
  const environment = Object.entries(service.environment).map(([name, value]) =>
    value === null ? name : `${name}=${value}`,
  );
  const request: ContainerCreateRequest = {
    Image: options.image,
    Labels: { ...options.labels },
    Env: environment,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: service.stdin_open ?? false,
    Tty: service.tty ?? false,
    ...(service.command && { Cmd: [...service.command] }),
    ...(service.entrypoint && { Entrypoint: service.entrypoint.length > 0 ? [...service.entrypoint] : [''] }),
    ...(service.hostname !== undefined && { Hostname: service.hostname }),
    ...(service.domainname !== undefined && { Domainname: service.domainname }),
    ...(service.user !== undefined && { User: service.user }),
    ...(service.working_dir !== undefined && { WorkingDir: service.working_dir }),
    ...(service.stop_signal !== undefined && { StopSignal: service.stop_signal }),
    ...(service.stop_grace_period !== undefined && { StopTimeout: Math.ceil(service.stop_grace_period / 1000) }),
    ...(health && { Healthcheck: health }),
    ExposedPorts: ports.exposed,
    HostConfig: {
      ...hostConfigOf(project, service, options),
      NetworkMode: networking.mode,
      ...(options.publish && { PortBindings: ports.bindings }),
      Binds: mounts.binds,
      Mounts: mounts.mounts,
      Tmpfs: mounts.tmpfs,
    },
    NetworkingConfig: networking.config,
  };
  return { request, injected: mounts.injected };
}

function hostConfigOf(project: Project, service: Service, options: CreateOptions): HostConfig {
  const restart = restartPolicyOf(service);
  const { logging } = service;
  const volumesFrom = service.volumes_from?.map((from) => volumesFromOf(from, options.containerOf));
  return {
    ...resourcesOf(service),
    ...(restart && { RestartPolicy: restart }),
    ...(logging && {
      LogConfig: {
        Type: logging.driver ?? 'json-file',
        Config: Object.fromEntries(Object.entries(logging.options ?? {}).map(([key, value]) => [key, value ?? ''])),
      },
    }),
    ...capabilitiesOf(service),
    ...(service.cgroup && { CgroupnsMode: service.cgroup === 'host' ? 'host' : 'private' }),
    ...(service.annotations && {
      Annotations: Object.fromEntries(Object.entries(service.annotations).map(([key, value]) => [key, value ?? ''])),
    }),
    ...(service.dns && { Dns: [...service.dns] }),
    ...(service.dns_opt && { DnsOptions: [...service.dns_opt] }),
    ...(service.dns_search && { DnsSearch: [...service.dns_search] }),
    ExtraHosts: extraHostsOf(service.extra_hosts) ?? [],
    ...(service.group_add && { GroupAdd: [...service.group_add] }),
    ...(service.init !== undefined && { Init: service.init }),
    ...(service.ipc !== undefined && { IpcMode: namespaceOf(service.ipc, options.containerOf) }),
    ...(service.pid !== undefined && { PidMode: namespaceOf(service.pid, options.containerOf) }),
    ...(service.oom_score_adj !== undefined && { OomScoreAdj: service.oom_score_adj }),
    ...(service.privileged !== undefined && { Privileged: service.privileged }),
    ...(service.read_only !== undefined && { ReadonlyRootfs: service.read_only }),
    ...(service.runtime !== undefined && { Runtime: service.runtime }),
    ...(service.security_opt && { SecurityOpt: service.security_opt.map((text) => securityOption(project, text)) }),
    ...(service.shm_size !== undefined && { ShmSize: service.shm_size }),
    ...(service.storage_opt && { StorageOpt: { ...service.storage_opt } }),
    ...(service.sysctls && { Sysctls: { ...service.sysctls } }),
    ...(service.userns_mode !== undefined && { UsernsMode: service.userns_mode }),
    ...(service.uts !== undefined && { UTSMode: service.uts }),
    ...(volumesFrom && { VolumesFrom: volumesFrom }),
  };
}

/** Capabilities under their full names; one that is both given and taken is given. */
function capabilitiesOf(service: Service): Pick<HostConfig, 'CapAdd' | 'CapDrop'> {
  const full = (name: string): string => {
    const upper = name.toUpperCase();
    return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  };
  const add = [...new Set((service.cap_add ?? []).map(full))].toSorted();
  const drop = [...new Set((service.cap_drop ?? []).map(full))].filter((name) => !add.includes(name)).toSorted();
  return { ...(add.length > 0 && { CapAdd: add }), ...(drop.length > 0 && { CapDrop: drop }) };
}

function volumesFromOf(text: string, containerOf: (service: string) => string): string {
  if (text.startsWith('container:')) return text.slice('container:'.length);
  const [service = '', mode] = text.split(':');
  return mode === undefined ? containerOf(service) : `${containerOf(service)}:${mode}`;
}

/** A seccomp profile is a file here, and its content to the daemon. */
function securityOption(project: Project, text: string): string {
  const match = /^seccomp[=:](.+)$/.exec(text);
  const file = match?.[1];
  if (file === undefined || file === 'unconfined' || file === 'builtin') return text.replace(/^([a-z-]+):/, '$1=');
  const path = resolve(project.directory, file);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))}`;
  } catch (error) {
    throw new PouchError('invalid-argument', `cannot read the seccomp profile ${path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

const NANOS_PER_MS = 1e6;

/** A health check; one that only changes times keeps the image's test. */
export function healthOf(check: Healthcheck | undefined): HealthConfig | undefined {
  if (!check) return undefined;
  if (check.disable || check.test?.[0] === 'NONE') return { Test: ['NONE'] };
  const nanos = (milliseconds: number): number => Math.round(milliseconds * NANOS_PER_MS);
  return {
    ...(check.test && { Test: [...check.test] }),
    ...(check.interval !== undefined && { Interval: nanos(check.interval) }),
    ...(check.timeout !== undefined && { Timeout: nanos(check.timeout) }),
    ...(check.retries !== undefined && { Retries: check.retries }),
    ...(check.start_period !== undefined && { StartPeriod: nanos(check.start_period) }),
    ...(check.start_interval !== undefined && { StartInterval: nanos(check.start_interval) }),
  };
}
