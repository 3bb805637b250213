export { BuildKitClient, type BuildKitClientOptions } from './client.ts';
export {
  type Exporter,
  SolveRequest,
  SolveResponse,
  type PruneRequest,
  type UsageRecord,
} from './generated/buildkit/control.ts';
export type { WorkerRecord } from './generated/buildkit/worker.ts';
export { GrpcProxy, type GrpcProxyOptions } from './proxy/grpc-proxy.ts';
export type { InterceptedCall, UnaryInterceptor } from './proxy/unary.ts';
export { SessionCall } from './session/session-call.ts';
export { sessionHeaders, sessionId } from './session/session-headers.ts';
export {
  type BuildkitdConfig,
  type BuildkitdNetwork,
  type BuildkitdRegistry,
  renderBuildkitdConfig,
} from './supervisor/config.ts';
export {
  BuildkitdSupervisor,
  type BuildkitdSupervisorDependencies,
  type BuildkitdSupervisorOptions,
  findBuildkitd,
} from './supervisor/supervisor.ts';
