export { type CallOptions, GrpcCall } from './call.ts';
export { GrpcChannel, type GrpcChannelOptions } from './channel.ts';
export { FrameDecoder, frame } from './framing.ts';
export { GrpcServer, type GrpcServerOptions } from './server/server.ts';
export type { CallContext, Implementation } from './server/implementation.ts';
export {
  type DuplexCall,
  GrpcService,
  type MethodDefinition,
  type RequestOf,
  type ResponseOf,
  type ServiceCallOptions,
  type ServiceDefinition,
} from './service.ts';
export { decodeStatusMessage, GRPC_STATUS, statusError, statusTrailers } from './status.ts';
