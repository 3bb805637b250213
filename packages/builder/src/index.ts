export { build, type BuildDependencies, type BuildResult } from './build.ts';
export type { StatusResponse } from './generated/buildkit/control.ts';
export type { BuildContext, BuildOutput, BuildRequest, Dockerfile } from './request/build-request.ts';
export { type CacheEntry, parseCacheEntry } from './request/cache.ts';
export { type OpenStdout, parseOutput } from './request/output.ts';
export { parseSecret, type SecretSource } from './request/secret.ts';
export { parseSsh } from './request/ssh.ts';
export type { FindCredentials } from './session/credentials.ts';
export type { OutputTarget } from './session/outputs.ts';
export {
  BuildProgress,
  type BuildStep,
  type BuildView,
  isCancelled,
  type StepCount,
} from './progress/build-progress.ts';
export { PlainView } from './progress/plain-view.ts';
export { type BuilderName, preferredBuilder } from './preferred-builder.ts';
