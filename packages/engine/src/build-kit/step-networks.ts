import type { BuildkitdNetwork } from '@pouch/buildkit';

/** Where build steps' network comes from. */
export interface StepNetworks {
  /** What buildkitd is told. */
  config(): BuildkitdNetwork;
  /** Make networks for the steps of a buildkitd whose state is in this directory, until `pause`. */
  serve(directory: string): Promise<void>;
  /** Make no more; those that are there stay. */
  pause(): Promise<void>;
  /** No step runs: take all away. */
  clear(): Promise<void>;
}
