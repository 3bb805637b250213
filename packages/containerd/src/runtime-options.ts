import { type Any, packMessage } from './any.ts';
import { Options as ConfigFileOptions } from './generated/containerd/runtime/options.ts';
import { CheckpointOptions, Options } from './generated/containerd/runtime/runc.ts';

/** Options of the shim `io.containerd.runc.v2`. */
export type RuncOptions = Partial<Options>;

export function packRuncOptions(options: RuncOptions): Any {
  return packMessage('containerd.runc.v1.Options', Options, Options.fromPartial(options));
}

export function packRuncCheckpointOptions(options: Partial<CheckpointOptions>): Any {
  const message = CheckpointOptions.fromPartial(options);
  return packMessage('containerd.runc.v1.CheckpointOptions', CheckpointOptions, message);
}

/** Options for shims that read a configuration file of their own. */
export function packConfigFileOptions(options: Partial<ConfigFileOptions>): Any {
  return packMessage('runtimeoptions.v1.Options', ConfigFileOptions, ConfigFileOptions.fromPartial(options));
}
