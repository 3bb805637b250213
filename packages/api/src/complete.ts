import type { JsonSchema, ObjectSchema } from './schema/type.ts';
import { ContainerConfigInspect } from './schemas/container-config.ts';
import type { ContainerInspect } from './schemas/container-inspect.ts';
import type { ContainerSummary } from './schemas/container-summary.ts';
import { HostConfigInspect } from './schemas/host-config.ts';
import { EndpointSettingsInspect } from './schemas/networking-config.ts';

/**
 * Docker's answers name nearly every field, set or not, and clients in other languages index them without looking. These
 * functions add what a manager left out, with Go's zero values; the sets hold the fields that Docker leaves out as well.
 * Fields that Docker does not have show only where they are set.
 */
const OMITTED = {
  HostConfig: new Set([
    'Annotations',
    'Capabilities',
    'Init',
    'KernelMemory',
    'KernelMemoryTCP',
    'Mounts',
    'Runtime',
    'StorageOpt',
    'Sysctls',
    'Tmpfs',
    'Umask',
  ]),
  Config: new Set([
    'ArgsEscaped',
    'ExposedPorts',
    'Healthcheck',
    'MacAddress',
    'NetworkDisabled',
    'OnBuild',
    'RichMode',
    'Shell',
    'StopSignal',
    'StopTimeout',
  ]),
  Endpoint: new Set<string>(),
};

export function completeHostConfig(value: HostConfigInspect): HostConfigInspect {
  return complete(HostConfigInspect, value, OMITTED.HostConfig);
}

export function completeContainerConfig(value: ContainerConfigInspect): ContainerConfigInspect {
  return complete(ContainerConfigInspect, value, OMITTED.Config);
}

export function completeEndpoint(value: EndpointSettingsInspect): EndpointSettingsInspect {
  return complete(EndpointSettingsInspect, value, OMITTED.Endpoint);
}

/** The answer of ContainerInspect with every field that Docker's has. */
export function completeContainerInspect(value: ContainerInspect): ContainerInspect {
  const networks = Object.entries(value.NetworkSettings.Networks);
  return {
    ...value,
    HostConfig: completeHostConfig(value.HostConfig),
    Config: completeContainerConfig(value.Config),
    NetworkSettings: {
      ...value.NetworkSettings,
      Networks: Object.fromEntries(networks.map(([name, endpoint]) => [name, completeEndpoint(endpoint)])),
    },
  };
}

/** A container of the list, its networks with every field. */
export function completeContainerSummary(value: ContainerSummary): ContainerSummary {
  const { NetworkSettings: settings } = value;
  if (!settings) return value;
  const networks = Object.entries(settings.Networks);
  const complete = networks.map(([name, endpoint]) => [name, completeEndpoint(endpoint)]);
  return { ...value, NetworkSettings: { ...settings, Networks: Object.fromEntries(complete) } };
}

/** Fields come in the schema's order. */
function complete<T extends object>(schema: ObjectSchema<T>, value: T, omitted: ReadonlySet<string>): T {
  const given = value as Readonly<Record<string, unknown>>;
  const out: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    if (given[name] !== undefined) out[name] = given[name];
    else if (!omitted.has(name) && !isOurs(property)) out[name] = zeroOf(property);
  }
  return { ...given, ...out } as T;
}

/** What the contract says of a field of Pouch's own begins with its name. */
function isOurs({ description }: JsonSchema): boolean {
  return description?.startsWith('Pouch:') ?? false;
}

/** What Go writes for a variable of this type that nobody set; null where the schema allows it. */
function zeroOf(schema: JsonSchema): unknown {
  if (schema.anyOf) return schema.anyOf.some((choice) => choice.type === 'null') ? null : [];
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => zeroOf(schema.items ?? {}));
  if (schema.type === 'object') {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, of]) => [name, zeroOf(of)]));
  }
  if (schema.type === 'string') return '';
  if (schema.type === 'boolean') return false;
  return schema.type === 'integer' ? 0 : null;
}
