import {
  bool,
  int,
  list,
  notActedUpon,
  nullable,
  object,
  since,
  type Static,
  str,
  stringOrList,
  tuple2,
  uint,
} from '../schema/type.ts';

export const ExecCreateRequest = object(
  'ExecCreateRequest',
  {},
  {
    User: str(),
    Privileged: bool(),
    Tty: bool(),
    ConsoleSize: since('1.42', tuple2(uint(), 'Height and width.')),
    AttachStdin: bool(),
    AttachStderr: bool(),
    AttachStdout: bool(),
    Detach: notActedUpon('As with Docker, the start request says it.', bool()),
    DetachKeys: str(),
    Env: list(str()),
    WorkingDir: since('1.35', str()),
    Cmd: stringOrList(),
  },
);
export type ExecCreateRequest = Static<typeof ExecCreateRequest>;

export const ExecCreateResponse = object('ExecCreateResponse', { Id: str() });
export type ExecCreateResponse = Static<typeof ExecCreateResponse>;

export const ExecStartRequest = object(
  'ExecStartRequest',
  {},
  { Detach: bool(), Tty: bool(), ConsoleSize: since('1.42', tuple2(uint(), 'Height and width.')) },
);
export type ExecStartRequest = Static<typeof ExecStartRequest>;

export const ExecProcessConfig = object(
  'ExecProcessConfig',
  { tty: bool(), entrypoint: str(), arguments: nullable(list(str())) },
  { privileged: bool(), user: str() },
);
export type ExecProcessConfig = Static<typeof ExecProcessConfig>;

export const ExecInspect = object('ExecInspect', {
  ID: str(),
  Running: bool(),
  ExitCode: nullable(int('null while it runs.')),
  ProcessConfig: ExecProcessConfig,
  OpenStdin: bool(),
  OpenStderr: bool(),
  OpenStdout: bool(),
  CanRemove: bool(),
  ContainerID: str(),
  DetachKeys: str('Base64.'),
  Pid: int(),
});
export type ExecInspect = Static<typeof ExecInspect>;
