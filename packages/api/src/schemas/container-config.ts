import {
  bool,
  dict,
  empty,
  filledUntil,
  int,
  list,
  notActedUpon,
  object,
  oneOf,
  since,
  type Static,
  str,
  stringOrList,
  until,
  withNulls,
} from '../schema/type.ts';

export const HealthConfig = object(
  'HealthConfig',
  {},
  {
    Test: list(str(), '[] inherits, ["NONE"] disables, ["CMD", …] executes, ["CMD-SHELL", command] uses the shell.'),
    Interval: int('Nanoseconds between checks; 0 inherits, else at least 1,000,000.'),
    Timeout: int('Nanoseconds after which a check has failed.'),
    Retries: int('Failures in a row that make a container unhealthy.'),
    StartPeriod: int('Nanoseconds at the start during which failures do not count.'),
    StartInterval: since('1.44', int('Nanoseconds between checks during the start period.')),
  },
);
export type HealthConfig = Static<typeof HealthConfig>;

const BY_ATTACH = 'As with Docker, the attach request says which streams a client gets.';

/** What runs in the container: the part that an image can also carry. */
export const ContainerConfig = object(
  'ContainerConfig',
  {},
  {
    Hostname: str(),
    Domainname: str(),
    User: str('user, user:group, uid or uid:gid.'),
    AttachStdin: notActedUpon(BY_ATTACH, bool()),
    AttachStdout: notActedUpon(BY_ATTACH, bool()),
    AttachStderr: notActedUpon(BY_ATTACH, bool()),
    ExposedPorts: dict(empty, 'Keys are port/protocol: 80/tcp.'),
    Tty: bool(),
    OpenStdin: bool(),
    StdinOnce: bool('Close standard input after the first client has detached.'),
    Env: list(str(), 'NAME=value; NAME alone removes the variable.'),
    Cmd: stringOrList(),
    Healthcheck: HealthConfig,
    ArgsEscaped: notActedUpon('It is about Windows.', bool('Windows only.')),
    Image: str(),
    Volumes: dict(empty, 'Keys are paths in the container.'),
    WorkingDir: str(),
    Entrypoint: stringOrList(),
    NetworkDisabled: bool(),
    MacAddress: until('1.51', str("Of the main network's endpoint, which carries it itself since API 1.44.")),
    OnBuild: filledUntil(
      '1.51',
      null,
      notActedUpon('It is kept for builds on an image that is committed.', list(str())),
    ),
    Labels: dict(str()),
    StopSignal: str(),
    StopTimeout: int('Seconds; -1 waits for ever.'),
    Shell: stringOrList(),
    Rich: bool('Pouch: run under an init, as a machine does; absent leaves it to labels and the daemon.'),
    RichMode: oneOf('', 'dumb-init', 'systemd', 'sbin-init'),
    InitScript: str('Pouch: run in the container before its command; a path, or text for /bin/sh.'),
    RichKeep: bool('Pouch: the machine lives on when its command has ended.'),
  },
  'What runs in a container.',
);
export type ContainerConfig = Static<typeof ContainerConfig>;

/** A container's or an image's configuration as a response shows it. */
export const ContainerConfigInspect = withNulls('ContainerConfigInspect', ContainerConfig, [
  'Cmd',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Labels',
  'OnBuild',
  'Shell',
  'Volumes',
]);
export type ContainerConfigInspect = Static<typeof ContainerConfigInspect>;
