import { buildKitEndpoints } from './build-kit.ts';
import { buildEndpoints } from './build.ts';
import { checkpointEndpoints } from './checkpoints.ts';
import { containerStreamEndpoints } from './container-streams.ts';
import { containerUpgradeEndpoints } from './container-upgrade.ts';
import { containerEndpoints } from './containers.ts';
import type { BodyOf, Endpoint, PathValues, QueryOf, ResultOf } from './endpoint.ts';
import { execEndpoints } from './exec.ts';
import { imageEndpoints } from './images.ts';
import { networkEndpoints } from './networks.ts';
import { systemEndpoints } from './system.ts';
import { volumeEndpoints } from './volumes.ts';

/** Every endpoint, by operation. */
export const ENDPOINTS = {
  ...systemEndpoints,
  ...containerEndpoints,
  ...containerStreamEndpoints,
  ...containerUpgradeEndpoints,
  ...checkpointEndpoints,
  ...execEndpoints,
  ...imageEndpoints,
  ...buildEndpoints,
  ...networkEndpoints,
  ...volumeEndpoints,
  ...buildKitEndpoints,
} as const;

export type Operation = keyof typeof ENDPOINTS;
export type EndpointOf<O extends Operation> = (typeof ENDPOINTS)[O];

/** What the path, the query and the body of an operation hold, and what it answers with. */
export type OperationPath<O extends Operation> = PathValues<EndpointOf<O>>;
export type OperationQuery<O extends Operation> = QueryOf<EndpointOf<O>>;
export type OperationBody<O extends Operation> = BodyOf<EndpointOf<O>>;
export type OperationResult<O extends Operation> = ResultOf<EndpointOf<O>>;

/** The endpoint without its literal types, for code that treats all alike. */
export function endpointOf(operation: Operation): Endpoint {
  return ENDPOINTS[operation];
}

export const OPERATIONS: readonly Operation[] = Object.keys(ENDPOINTS) as Operation[];
