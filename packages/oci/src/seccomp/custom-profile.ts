import { PouchError } from '@pouch/base';
import { compact, JsonReader } from '../json.ts';
import { parseExactJson } from '../runtime-spec-json.ts';
import {
  type LinuxSeccomp,
  type LinuxSeccompArg,
  type LinuxSyscall,
  SECCOMP_ACTIONS,
  SECCOMP_OPERATORS,
} from '../runtime-spec-seccomp.ts';
import { kernelAtLeast, SECCOMP_ARCHITECTURES, type SeccompHost, seccompArchitecture } from './host.ts';

const PROFILE_SIZE_LIMIT = 4 * 1024 * 1024;

const FLAGS: ReadonlySet<string> = new Set([
  'SECCOMP_FILTER_FLAG_TSYNC',
  'SECCOMP_FILTER_FLAG_LOG',
  'SECCOMP_FILTER_FLAG_SPEC_ALLOW',
  'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV',
]);

/**
 * A user's profile in Docker's JSON format (`--security-opt seccomp=FILE`), its conditions resolved for a container. The old
 * form (`architectures`, `name`) is understood too. Throws invalid-argument that names the faulty place.
 */
export function resolveSeccompProfile(text: string, host: SeccompHost): LinuxSeccomp {
  const reader = parse(text);
  const architectures = reader.get('architectures').strings();
  const archMap = reader.get('archMap').array();
  if (architectures.length > 0 && archMap.length > 0) {
    throw reader.fail("has both 'architectures' and 'archMap'; use either");
  }
  const syscalls = reader.get('syscalls').array();
  return compact<LinuxSeccomp>({
    defaultAction: oneOf(reader.get('defaultAction'), SECCOMP_ACTIONS),
    defaultErrnoRet: reader.get('defaultErrnoRet').optional(errno),
    architectures: archMap.length > 0 ? mapArchitectures(archMap, host) : architectures.map(architecture),
    flags: reader.get('flags').optional((flags) => flags.array().map(flag)),
    listenerPath: reader.get('listenerPath').optionalString(),
    listenerMetadata: reader.get('listenerMetadata').optionalString(),
    syscalls: syscalls
      .map(readRule)
      .filter((rule) => rule.applies(host))
      .map((rule) => rule.syscall),
  });
}

interface Rule {
  readonly syscall: LinuxSyscall;
  readonly applies: (host: SeccompHost) => boolean;
}

function readRule(reader: JsonReader): Rule {
  const name = reader.get('name').optionalString() ?? '';
  const names = reader.get('names').strings();
  if (name !== '' && names.length > 0) throw reader.fail("has both 'name' and 'names'; use either");
  const all = name === '' ? names : [name];
  const odd = all.find((candidate) => !/^[a-z_][a-z0-9_]{0,63}$/.test(candidate));
  if (odd !== undefined) throw reader.fail(`names ${JSON.stringify(odd)}, which cannot be a system call`);
  const args = reader
    .get('args')
    .array(6 * 6)
    .map(readArgument);
  const includes = readCondition(reader.get('includes'));
  const excludes = readCondition(reader.get('excludes'));
  return {
    syscall: compact<LinuxSyscall>({
      names: all,
      action: oneOf(reader.get('action'), SECCOMP_ACTIONS),
      errnoRet: reader.get('errnoRet').optional(errno),
      args: args.length > 0 ? args : undefined,
    }),
    applies: (host) => all.length > 0 && isIncluded(includes, host) && !isExcluded(excludes, host),
  };
}

interface Condition {
  readonly arches: readonly string[];
  readonly caps: readonly string[];
  readonly minKernel: string | undefined;
}

function readCondition(reader: JsonReader): Condition {
  const minKernel = reader.get('minKernel').optionalString() || undefined;
  if (minKernel !== undefined && !/^\d+\.\d+$/.test(minKernel)) {
    throw reader.get('minKernel').fail('must be a kernel version such as "4.8"');
  }
  return { arches: reader.get('arches').strings(), caps: reader.get('caps').strings(), minKernel };
}

/** Every condition given must hold; of several capabilities, all. */
function isIncluded({ arches, caps, minKernel }: Condition, host: SeccompHost): boolean {
  return (
    (arches.length === 0 || arches.includes(seccompArchitecture(host))) &&
    caps.every((name) => host.capabilities.includes(name)) &&
    (minKernel === undefined || kernelAtLeast(host, minKernel))
  );
}

/** Any one is enough. */
function isExcluded({ arches, caps, minKernel }: Condition, host: SeccompHost): boolean {
  return (
    arches.includes(seccompArchitecture(host)) ||
    caps.some((name) => host.capabilities.includes(name)) ||
    (minKernel !== undefined && kernelAtLeast(host, minKernel))
  );
}

function readArgument(reader: JsonReader): LinuxSeccompArg {
  const index = reader.get('index').integer();
  if (index < 0 || index > 5) throw reader.get('index').fail('must be 0 to 5');
  return compact<LinuxSeccompArg>({
    index,
    value: reader.get('value').optional((value) => value.uint64()) ?? 0,
    valueTwo: reader.get('valueTwo').optional((value) => value.uint64()),
    op: oneOf(reader.get('op'), SECCOMP_OPERATORS),
  });
}

function mapArchitectures(archMap: readonly JsonReader[], host: SeccompHost): string[] {
  const own = SECCOMP_ARCHITECTURES[seccompArchitecture(host)]?.[0];
  for (const entry of archMap) {
    const main = architecture(entry.get('architecture').string());
    const more = entry.get('subArchitectures').strings().map(architecture);
    if (main === own) return [main, ...more];
  }
  return [];
}

function architecture(name: string): string {
  if (!/^SCMP_ARCH_[A-Z0-9_]{1,32}$/.test(name)) {
    throw new PouchError('invalid-argument', `seccomp profile names the unknown architecture ${JSON.stringify(name)}`);
  }
  return name;
}

function flag(reader: JsonReader): string {
  if (!FLAGS.has(reader.string())) throw reader.fail(`is unknown: ${JSON.stringify(reader.string())}`);
  return reader.string();
}

function errno(reader: JsonReader): number {
  const value = reader.integer();
  if (value < 0 || value > 4095) throw reader.fail('must be an error number (0 to 4095)');
  return value;
}

function oneOf<T extends string>(reader: JsonReader, allowed: readonly T[]): T {
  const value = reader.string();
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw reader.fail(`is ${JSON.stringify(value)}, expected one of ${allowed.join(', ')}`);
  return found;
}

function parse(text: string): JsonReader {
  if (text.length > PROFILE_SIZE_LIMIT) throw new PouchError('too-large', 'seccomp profile has more than 4 MiB');
  try {
    return new JsonReader(parseExactJson(text), 'seccomp profile');
  } catch (error) {
    throw new PouchError('invalid-argument', 'Decoding seccomp profile failed: it is not valid JSON', { cause: error });
  }
}
