import { existsSync } from 'node:fs';
import type { DependsOn, ServiceNetwork } from '../schema/service-parts.ts';
import type { ServiceSpec } from '../schema/service.ts';
import type { Service } from '../project/project.ts';
import { readEnvFile } from '../variables/environment.ts';
import type { Lookup } from '../variables/interpolate.ts';

/** What follows from a service's own fields: variables from env files, implied dependencies, the default network. */
export function resolveService(name: string, spec: ServiceSpec, lookup: Lookup): Service {
  return {
    ...spec,
    name,
    environment: environmentOf(spec, lookup),
    labels: labelsOf(spec, lookup),
    depends_on: dependenciesOf(spec),
    networks: networksOf(spec),
    replicas: spec.scale ?? spec.deploy?.replicas ?? 1,
  };
}

function environmentOf(spec: ServiceSpec, lookup: Lookup): Record<string, string | null> {
  const found = new Map<string, string | null>();
  for (const file of spec.env_file ?? []) {
    const path = file.path ?? '';
    if (file.required === false && !existsSync(path)) continue;
    const known: Lookup = (key) => lookup(key) ?? found.get(key) ?? undefined;
    for (const [key, value] of readEnvFile(path, known, file.format ?? '')) found.set(key, value);
  }
  for (const [key, value] of Object.entries(spec.environment ?? {})) {
    // A name alone passes the variable on; where there is none here, it is not set there either.
    found.set(key, value ?? lookup(key) ?? null);
  }
  return Object.fromEntries(found);
}

function labelsOf(spec: ServiceSpec, lookup: Lookup): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of spec.label_file ?? []) Object.assign(found, Object.fromEntries(readEnvFile(path, lookup)));
  for (const [key, value] of Object.entries(spec.labels ?? {})) found[key] = value ?? '';
  return found;
}

function dependenciesOf(spec: ServiceSpec): Record<string, DependsOn> {
  const found: Record<string, DependsOn> = { ...spec.depends_on };
  const imply = (service: string, restart: boolean): void => {
    found[service] ??= { condition: 'service_started', required: true, ...(restart && { restart }) };
  };
  for (const link of spec.links ?? []) imply(link.split(':')[0] ?? link, true);
  for (const from of spec.volumes_from ?? [])
    if (!from.startsWith('container:')) imply(from.split(':')[0] ?? from, false);
  for (const mode of [spec.network_mode, spec.ipc, spec.pid]) {
    if (mode?.startsWith('service:')) imply(mode.slice('service:'.length), true);
  }
  return found;
}

function networksOf(spec: ServiceSpec): Record<string, ServiceNetwork | null> {
  if (spec.network_mode !== undefined) return {};
  return spec.networks && Object.keys(spec.networks).length > 0 ? spec.networks : { default: null };
}
