export { portsOfText, volumeOfText } from './canonical/command-line.ts';
export { LABEL, serviceHash } from './convert/labels.ts';
export { type LoadOptions, loadProject, locateProject, projectName } from './load/load-project.ts';
export { projectConfig } from './project/config-output.ts';
export { withDependencies } from './project/dependencies.ts';
export type { Project, Service } from './project/project.ts';
export { checkProjectName } from './project/project-name.ts';
export { enableNamed, selectServices } from './project/select.ts';
export type { BuildOverrides } from './run/build-parts.ts';
export { buildImage } from './run/build.ts';
export type { Recreate } from './run/converge.ts';
export { containerName } from './run/create.ts';
export { type DownOptions, down } from './run/down.ts';
export { Follower, type FollowSink } from './run/follow.ts';
export { ensureImages, type ImageOptions, pullImage } from './run/images.ts';
export { imageOf } from './project/image-of.ts';
export {
  containerOf,
  containersOf,
  kill,
  killAll,
  pause,
  removable,
  remove,
  restart,
  start,
  stop,
  unpause,
} from './run/lifecycle.ts';
export { type LogLine, readLog } from './run/log-stream.ts';
export { type Observed, observe, observed, orphansOf, projectOfContainers } from './run/observed.ts';
export { createOneOff } from './run/run-once.ts';
export { all, type Progress, type Session, type StepState, step } from './run/session.ts';
export { type UpOptions, up } from './run/up.ts';
export { watch } from './run/watch.ts';
export { writeYaml } from './tree/write-yaml.ts';
