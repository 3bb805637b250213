/**
 * Makes TypeScript of proto/ in packages/containerd/src/generated/, which is not committed. Does nothing when neither the
 * definitions, nor this script, nor the generator's version changed. `--force` makes it anew.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const protoDirectory = resolve(root, 'proto');
const target = resolve(root, 'packages/containerd/src/generated');
const stampFile = resolve(target, '.inputs');

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

const files = globSync('**/*.proto', { cwd: protoDirectory }).toSorted();
const stamp = inputsHash();
if (!process.argv.includes('--force') && readStamp() === stamp) {
  console.log('generate: up to date');
} else {
  generate();
  console.log(`generate: ${files.length} definitions`);
}

function inputsHash(): string {
  const hash = createHash('sha256');
  hash.update(readFileSync(import.meta.filename));
  hash.update(readFileSync(resolve(root, 'node_modules/ts-proto/package.json')));
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(resolve(protoDirectory, file)));
  return hash.digest('hex');
}

function readStamp(): string | undefined {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

/** Into a fresh directory that then takes the old one's place, so that an interruption leaves no half of each. */
function generate(): void {
  const fresh = `${target}.${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  try {
    execFileSync(
      process.execPath,
      [
        resolve(root, 'node_modules/protoc/protoc.cjs'),
        `--plugin=protoc-gen-ts_proto=${resolve(root, 'node_modules/.bin/protoc-gen-ts_proto')}`,
        `--ts_proto_out=${fresh}`,
        `--ts_proto_opt=${OPTIONS.join(',')}`,
        `--proto_path=${protoDirectory}`,
        ...files,
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
