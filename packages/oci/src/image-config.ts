import { type Digest, digestOf, digestProblem, parseDigest } from './digest.ts';
import { compact, JsonReader } from './json.ts';
import { type Platform, readPlatform } from './platform.ts';

/** Bytes. Real ones are a few kilobytes; the longest histories known stay under a megabyte. */
export const IMAGE_CONFIG_SIZE_LIMIT = 8 * 1024 * 1024;

type GoSet = Readonly<Record<string, Record<string, never>>>;

/** How an image's health is probed. Durations are nanoseconds; 0 or absent means "as inherited". */
export interface HealthcheckConfig {
  /** `[]` inherits, `['NONE']` disables, `['CMD', …]` executes, `['CMD-SHELL', line]` goes through the shell. */
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** The `config` object: what a container gets from its image (image-spec config.md, with Docker's extensions). */
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: GoSet;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: GoSet;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly ArgsEscaped?: boolean;
  readonly Healthcheck?: HealthcheckConfig;
  readonly OnBuild?: readonly string[];
  readonly Shell?: readonly string[];
}

export interface HistoryEntry {
  /** RFC 3339. */
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** The image configuration document; its digest is the image's ID. */
export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly docker_version?: string;
  readonly config: ImageRunConfig;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history: readonly HistoryEntry[];
}

/** Parse an image configuration. Throws invalid-argument or too-large. */
export function parseImageConfig(data: string | Uint8Array): ImageConfig {
  const reader = JsonReader.parse(data, IMAGE_CONFIG_SIZE_LIMIT, 'image config');
  if (!reader.get('rootfs').exists) throw reader.fail('has no rootfs: this is not an image that can be run');
  return compact<ImageConfig>({
    ...readPlatform(reader),
    created: reader.get('created').optionalString(),
    author: reader.get('author').optionalString(),
    comment: reader.get('comment').optionalString(),
    docker_version: reader.get('docker_version').optionalString(),
    config: reader.get('config').optional(readRunConfig) ?? {},
    rootfs: { type: 'layers', diff_ids: readDiffIds(reader.get('rootfs')) },
    history: reader.get('history').array().map(readHistory),
  });
}

/** The document's bytes, with the keys in the order that Docker writes. Hash them for the image ID. */
export function serialiseImageConfig(config: ImageConfig): Buffer {
  const { architecture, os, config: run, created, history, rootfs, ...rest } = config;
  const document = {
    architecture,
    config: run,
    ...(created !== undefined && { created }),
    history,
    os,
    rootfs,
    ...rest,
  };
  return Buffer.from(JSON.stringify(document));
}

/** The `config` object, wherever it stands. Throws invalid-argument. */
export function readRunConfig(reader: JsonReader): ImageRunConfig {
  const strings = (key: string): string[] | undefined => reader.get(key).optional((value) => value.strings());
  return compact<ImageRunConfig>({
    User: reader.get('User').optionalString(),
    ExposedPorts: reader.get('ExposedPorts').optional((ports) => ports.keySet()),
    Env: strings('Env'),
    Entrypoint: reader.get('Entrypoint').optional(readCommand),
    Cmd: reader.get('Cmd').optional(readCommand),
    Volumes: reader.get('Volumes').optional((volumes) => volumes.keySet()),
    WorkingDir: reader.get('WorkingDir').optionalString(),
    Labels: reader.get('Labels').optional((labels) => labels.stringMap()),
    StopSignal: reader.get('StopSignal').optionalString(),
    StopTimeout: reader.get('StopTimeout').optional((value) => value.integer()),
    ArgsEscaped: reader.get('ArgsEscaped').optional((value) => value.boolean()),
    Healthcheck: reader.get('Healthcheck').optional(readHealthcheck),
    OnBuild: strings('OnBuild'),
    Shell: strings('Shell'),
  });
}

/**
 * The chain ID of a stack of layers (image-spec config.md, "Layer ChainID"): names a filesystem by all layers under it, which
 * is the key of its snapshot. Undefined for no layers.
 */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  return chainIds(diffIds).at(-1);
}

/** The chain ID after each layer, lowest first. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}

function readDiffIds(rootfs: JsonReader): Digest[] {
  const type = rootfs.get('type').optionalString();
  if (type !== undefined && type !== 'layers') throw rootfs.get('type').fail('must be "layers"');
  return rootfs
    .get('diff_ids')
    .array()
    .map((element) => {
      const problem = digestProblem(element.string());
      if (problem !== undefined) throw element.fail(`is invalid: ${problem}`);
      return parseDigest(element.string());
    });
}

function readHistory(reader: JsonReader): HistoryEntry {
  return compact<HistoryEntry>({
    created: reader.get('created').optionalString(),
    created_by: reader.get('created_by').optionalString(),
    author: reader.get('author').optionalString(),
    comment: reader.get('comment').optionalString(),
    empty_layer: reader.get('empty_layer').optional((value) => value.boolean()),
  });
}

export function readHealthcheck(reader: JsonReader): HealthcheckConfig {
  const integer = (key: string): number | undefined => reader.get(key).optional((value) => value.integer());
  return compact<HealthcheckConfig>({
    Test: reader.get('Test').optional((test) => test.strings()),
    Interval: integer('Interval'),
    Timeout: integer('Timeout'),
    StartPeriod: integer('StartPeriod'),
    StartInterval: integer('StartInterval'),
    Retries: integer('Retries'),
  });
}

/** Old builders wrote a lone string where a list belongs. */
function readCommand(reader: JsonReader): string[] {
  return reader.isString ? [reader.string()] : reader.strings();
}
