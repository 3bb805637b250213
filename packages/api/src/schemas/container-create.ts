import { extend, list, object, type Static, str } from '../schema/type.ts';
import { ContainerConfig } from './container-config.ts';
import { HostConfig } from './host-config.ts';
import { NetworkingConfig } from './networking-config.ts';

export const ContainerCreateRequest = extend(
  'ContainerCreateRequest',
  ContainerConfig,
  {},
  { HostConfig, NetworkingConfig },
);
export type ContainerCreateRequest = Static<typeof ContainerCreateRequest>;

export const ContainerCreateResponse = object('ContainerCreateResponse', { Id: str(), Warnings: list(str()) });
export type ContainerCreateResponse = Static<typeof ContainerCreateResponse>;
