import { bool, int, list, nullable, object, oneOf, type Static, str, time, uint } from '../schema/type.ts';

export const ContainerStatus = oneOf('created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead');
export type ContainerStatus = Static<typeof ContainerStatus>;

export const HealthStatus = oneOf('none', 'starting', 'healthy', 'unhealthy');
export type HealthStatus = Static<typeof HealthStatus>;

export const HealthcheckResult = object('HealthcheckResult', {
  Start: time(),
  End: time(),
  ExitCode: int('0 healthy, 1 unhealthy, else the check itself failed.'),
  Output: str(),
});
export type HealthcheckResult = Static<typeof HealthcheckResult>;

export const Health = object('Health', {
  Status: HealthStatus,
  FailingStreak: int(),
  Log: nullable(list(HealthcheckResult)),
});
export type Health = Static<typeof Health>;

export const ContainerState = object(
  'ContainerState',
  {
    Status: ContainerStatus,
    Running: bool('Also while paused or restarting.'),
    Paused: bool(),
    Restarting: bool(),
    OOMKilled: bool(),
    Dead: bool(),
    Pid: uint('0 when nothing runs.'),
    ExitCode: int(),
    Error: str('Why the last start failed.'),
    StartedAt: time(),
    FinishedAt: time(),
  },
  { Health },
);
export type ContainerState = Static<typeof ContainerState>;
