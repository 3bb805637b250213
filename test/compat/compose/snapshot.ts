import { call } from '../harness/run-scenario.ts';
import type { Engine } from '../harness/engine.ts';

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Health?: { readonly Status: string } };
  readonly Config: Readonly<Record<string, unknown>> & {
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Mounts: readonly { Type: string; Destination: string; RW: boolean; Name?: string }[];
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly { HostIp: string }[] | null>>;
    readonly Networks: Readonly<Record<string, { Aliases: readonly string[] | null; IPAMConfig: unknown }>>;
  };
}

/** Labels whose value is the same whoever writes it. */
const COMPARED_LABELS = /^(?!com\.docker\.compose\.)|^com\.docker\.compose\.(project|service|oneoff|container-number)$/;
const HOST_FIELDS = [
  'RestartPolicy',
  'Memory',
  'NanoCpus',
  'Init',
  'Sysctls',
  'Ulimits',
  'Tmpfs',
  'ExtraHosts',
  'DnsSearch',
  'ReadonlyRootfs',
  'LogConfig',
] as const;
const CONFIG_FIELDS = [
  'User',
  'WorkingDir',
  'StopSignal',
  'StopTimeout',
  'Healthcheck',
  'Entrypoint',
  'Cmd',
  'Tty',
] as const;

/** A project as its engine has it, in the parts that every client must bring about alike. */
export async function snapshot(engine: Engine, project: string): Promise<string> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.compose.project=${project}`] }));
  const get = async (path: string): Promise<unknown> => JSON.parse(await call(engine, 'GET', path));
  const list = (await get(`/containers/json?all=1&filters=${filters}`)) as readonly { Id: string }[];
  const containers = await Promise.all(list.map(async ({ Id }) => (await get(`/containers/${Id}/json`)) as Inspected));
  const networks = (await get(`/networks?filters=${filters}`)) as readonly Record<string, unknown>[];
  const volumes = (await get(`/volumes?filters=${filters}`)) as { Volumes: readonly Record<string, unknown>[] | null };
  return JSON.stringify(
    {
      containers: containers.map((one) => container(one, project)).toSorted(byName),
      networks: networks
        .map(({ Name, Driver, Internal, IPAM, Labels }) => ({
          Name,
          Driver,
          Internal,
          Labels: labels(Labels),
          Subnets:
            project.endsWith('fabric') && Name === `${project}_edge` ? (IPAM as { Config: unknown }).Config : undefined,
        }))
        .toSorted(byName),
      volumes: (volumes.Volumes ?? [])
        .map(({ Name, Driver, Labels }) => ({ Name, Driver, Labels: labels(Labels) }))
        .toSorted(byName),
    },
    sortKeys,
    1,
  );
}

function sortKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function byName(a: { readonly Name: unknown }, b: { readonly Name: unknown }): number {
  return String(a.Name) < String(b.Name) ? -1 : 1;
}

function labels(value: unknown): Record<string, string> {
  const all = Object.entries((value ?? {}) as Record<string, string>);
  return Object.fromEntries(
    all
      .filter(([key]) => COMPARED_LABELS.test(key) && !key.startsWith('pouch.'))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function container(one: Inspected, project: string): { readonly Name: string } & Record<string, unknown> {
  // The first composes joined the parts of a name with underscores.
  const name = one.Name.replace(/^\//, '').replaceAll('_', '-');
  const pick = (object: Readonly<Record<string, unknown>>, fields: readonly string[]): Record<string, unknown> =>
    Object.fromEntries(fields.map((field) => [field, emptyIsNothing(object[field])]));
  const networks = Object.entries(one.NetworkSettings.Networks).map(([network, { Aliases, IPAMConfig }]) => [
    network.replace(`${project}_`, ''),
    {
      // Ids, and names that only some clients add.
      Aliases: (Aliases ?? [])
        .filter((alias) => !/^[0-9a-f]{12}$/.test(alias) && alias.replaceAll('_', '-') !== name)
        .toSorted(),
      Address: emptyIsNothing((IPAMConfig as { IPv4Address?: string } | null)?.IPv4Address),
    },
  ]);
  return {
    Name: name,
    State: {
      Status: one.State.Status,
      ExitCode: one.State.ExitCode,
      Health: one.State.Health?.Status === 'starting' ? 'healthy' : one.State.Health?.Status,
    },
    Env: (one.Config.Env ?? []).filter((text) => !text.startsWith('PATH=')).toSorted(),
    Labels: labels(one.Config.Labels),
    ...pick(one.Config, CONFIG_FIELDS),
    ...pick(one.HostConfig, HOST_FIELDS),
    // Some clients write the prefix.
    Capabilities: [one.HostConfig['CapAdd'], one.HostConfig['CapDrop']].map((names) =>
      ((names ?? []) as readonly string[]).map((name) => name.replace(/^CAP_/, '')).toSorted(),
    ),
    Mounts: one.Mounts.map(({ Type, Destination, RW, Name }) => ({
      Type,
      Destination,
      RW,
      Name: /^[0-9a-f]{64}$/.test(Name ?? '') ? '(anonymous)' : Name,
    })).toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1)),
    Ports: Object.entries(one.NetworkSettings.Ports)
      .map(([port, bindings]) => `${port}: ${(bindings ?? []).map(({ HostIp }) => HostIp).join(' ')}`)
      .toSorted(),
    Networks: Object.fromEntries(networks.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))),
  };
}

/** Null, an empty text, list or object, false and 0: engines and clients write nothing in any of these ways. */
function emptyIsNothing(value: unknown): unknown {
  if (value === null || value === '' || value === 0 || value === false) return undefined;
  if (typeof value === 'object' && Object.keys(value as object).length === 0) return undefined;
  return value;
}
