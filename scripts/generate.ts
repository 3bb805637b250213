/**
 * Makes TypeScript of proto/ in the `generated` directory of each package that speaks a protocol, which is not committed.
 * Does nothing when neither the definitions, nor this script, nor the generator's version changed. `--force` makes it anew.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const protoDirectory = resolve(root, 'proto');

interface Target {
  readonly directory: string;
  /** Which definitions; what they import comes along. */
  readonly patterns: readonly string[];
  readonly options: readonly string[];
}

/**
 * What the output shall be: runs unbuilt (`importSuffix`, `enumsAsLiterals`), loses no precision (`bigint`, timestamps with
 * nanoseconds), and holds nothing that is not called (no JSON methods, no clients).
 */
const OPTIONS = [
  'outputServices=generic-definitions',
  'enumsAsLiterals=true',
  'importSuffix=.ts',
  'forceLong=bigint',
  'useDate=false',
  'outputJsonMethods=false',
  'outputPartialMethods=true',
  'useExactTypes=false',
  'unrecognizedEnum=false',
  'annotateFilesWithVersion=false',
  'initializeFieldsAsUndefined=false',
];

const TARGETS: readonly Target[] = [
  {
    directory: 'packages/containerd/src/generated',
    patterns: ['containerd/**/*.proto', 'google/**/*.proto'],
    options: OPTIONS,
  },
  {
    directory: 'packages/buildkit/src/generated',
    patterns: ['buildkit/*.proto'],
    // Requests of clients are changed on their way: what we do not know of them must not get lost.
    options: [...OPTIONS, 'unknownFields=true'],
  },
  {
    directory: 'packages/builder/src/generated',
    patterns: ['buildkit/control.proto', 'buildkit/session/*.proto'],
    options: OPTIONS,
  },
];

const files = globSync('**/*.proto', { cwd: protoDirectory }).toSorted();
const stamp = inputsHash();
if (!process.argv.includes('--force') && TARGETS.every((target) => readStamp(target) === stamp)) {
  console.log('generate: up to date');
} else {
  for (const target of TARGETS) generate(target);
  console.log(`generate: ${files.length} definitions`);
}

function stampFile({ directory }: Target): string {
  return resolve(root, directory, '.inputs');
}

function inputsHash(): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(import.meta.filename));
  hash.update(readFileSync(resolve(root, 'node_modules/ts-proto/package.json')));
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(resolve(protoDirectory, file)));
  return hash.digest('hex');
}

function readStamp(target: Target): string | undefined {
  try {
    return readFileSync(stampFile(target), 'utf8');
  } catch {
    return undefined;
  }
}

/** Into a fresh directory that then takes the old one's place, so that an interruption leaves no half of each. */
function generate({ directory, patterns, options }: Target): void {
  const target = resolve(root, directory);
  const fresh = `${target}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    execFileSync(
      process.execPath,
      [
        resolve(root, 'node_modules/protoc/protoc.cjs'),
        `--plugin=protoc-gen-ts_proto=${resolve(root, 'node_modules/.bin/protoc-gen-ts_proto')}`,
        `--ts_proto_out=${fresh}`,
        `--ts_proto_opt=${options.join(',')}`,
        `--proto_path=${protoDirectory}`,
        ...globSync([...patterns], { cwd: protoDirectory }).toSorted(),
      ],
      { stdio: ['ignore', 'inherit', 'inherit'] },
    );
    writeFileSync(resolve(fresh, '.inputs'), stamp);
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
