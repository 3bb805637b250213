import { bool, dict, list, object, type Static, str } from '../schema/type.ts';

export const ComponentVersion = object('ComponentVersion', { Name: str(), Version: str() }, { Details: dict(str()) });
export type ComponentVersion = Static<typeof ComponentVersion>;

export const SystemVersion = object(
  'SystemVersion',
  {
    Platform: object('SystemVersionPlatform', { Name: str() }),
    Components: list(ComponentVersion),
    Version: str(),
    ApiVersion: str(),
    MinAPIVersion: str(),
    Os: str(),
    Arch: str(),
  },
  {
    GitCommit: str(),
    GoVersion: str('Docker only; Pouch names its Node.js under Components.'),
    KernelVersion: str(),
    Experimental: bool(),
    BuildTime: str(),
  },
);
export type SystemVersion = Static<typeof SystemVersion>;
