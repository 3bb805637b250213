/** The hand-written protos against the descriptors that installed binaries of containerd and BuildKit carry. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
  type MethodDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { readEmbeddedDescriptors } from './descriptors.testkit.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** The distribution's, and one more that a developer may name. */
const CHOSEN = process.env['POUCH_TEST_BIN'];
const BINARIES = ['/usr/bin/containerd', '/usr/local/bin/containerd', CHOSEN ? join(CHOSEN, 'containerd') : ''];

/** Messages that moved to another package without changing on the wire. */
const MOVED: Readonly<Record<string, string>> = {
  'containerd.services.events.v1.Envelope': 'containerd.types.Envelope',
};

interface Index {
  readonly messages: ReadonlyMap<string, DescriptorProto>;
  readonly enums: ReadonlyMap<string, EnumDescriptorProto>;
  readonly methods: ReadonlyMap<string, MethodDescriptorProto>;
}

function indexOf(files: readonly FileDescriptorProto[]): Index {
  const messages = new Map<string, DescriptorProto>();
  const enums = new Map<string, EnumDescriptorProto>();
  const methods = new Map<string, MethodDescriptorProto>();
  const add = (scope: string, message: DescriptorProto): void => {
    const name = `${scope}.${message.name}`;
    messages.set(name, message);
    for (const nested of message.nestedType) add(name, nested);
    for (const item of message.enumType) enums.set(`${name}.${item.name}`, item);
  };
  for (const file of files) {
    for (const message of file.messageType) add(file.package, message);
    for (const item of file.enumType) enums.set(`${file.package}.${item.name}`, item);
    for (const service of file.service) {
      for (const method of service.method) methods.set(`${file.package}.${service.name}/${method.name}`, method);
    }
  }
  return { messages, enums, methods };
}

function compileOurs(patterns: readonly string[]): FileDescriptorProto[] {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-protos-'));
  try {
    const out = join(directory, 'set');
    const proto = join(ROOT, 'proto');
    const files = globSync([...patterns], { cwd: proto });
    const protoc = join(ROOT, 'node_modules/protoc/protoc.cjs');
    execFileSync(process.execPath, [protoc, '--include_source_info', `-I${proto}`, `-o${out}`, ...files]);
    return fromBinary(FileDescriptorSetSchema, readFileSync(out)).file;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Full names of messages and fields whose comment says that only some releases have them. */
function versioned(files: readonly FileDescriptorProto[]): Set<string> {
  const found = new Set<string>();
  for (const file of files) {
    for (const { path, leadingComments } of file.sourceCodeInfo?.location ?? []) {
      const [kind, at, inner, index] = path;
      if (kind !== 4 || at === undefined || !/\b(since|until) \d/.test(leadingComments)) continue;
      const message = file.messageType[at];
      if (path.length === 2) found.add(`${file.package}.${message?.name}`);
      if (path.length === 4 && inner === 2 && index !== undefined) {
        found.add(`${file.package}.${message?.name}.${message?.field[index]?.name}`);
      }
    }
  }
  return found;
}

function describeField(field: FieldDescriptorProto): string {
  const type = field.typeName.replace(/^\./, '');
  return `${field.name} = ${field.number}: type ${field.type} ${MOVED[type] ?? type}, label ${field.label}`;
}

function compare(ours: Index, theirs: Index, mayLack: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  for (const [name, message] of ours.messages) {
    const other = theirs.messages.get(name) ?? theirs.messages.get(MOVED[name] ?? '');
    if (!other) {
      if (!mayLack.has(name)) problems.push(`message ${name} is not theirs`);
      continue;
    }
    for (const field of message.field) {
      const match = other.field.find((candidate) => candidate.number === field.number);
      if (match && describeField(match) !== describeField(field)) {
        problems.push(`${name}: ${describeField(field)}; theirs is ${describeField(match)}`);
      }
      if (!match && !mayLack.has(`${name}.${field.name}`)) problems.push(`${name}.${field.name} is not theirs`);
    }
  }
  for (const [name, item] of ours.enums) {
    const values = (descriptor?: EnumDescriptorProto): unknown =>
      descriptor?.value.map((value) => [value.name, value.number]);
    if (JSON.stringify(values(item)) !== JSON.stringify(values(theirs.enums.get(name))))
      problems.push(`enum ${name} differs`);
  }
  for (const [name, method] of ours.methods) {
    const other = theirs.methods.get(name);
    if (!other || describeMethod(other) !== describeMethod(method)) problems.push(`method ${name} differs`);
  }
  return problems;
}

function describeMethod(method: MethodDescriptorProto): string {
  const type = (name: string): string => MOVED[name.slice(1)] ?? name.slice(1);
  const { inputType, outputType, clientStreaming, serverStreaming } = method;
  return `${clientStreaming} ${type(inputType)} ${serverStreaming} ${type(outputType)}`;
}

for (const binary of BINARIES.filter((path, index) => path !== '' && (index === 0 || existsSync(path)))) {
  const skip = existsSync(binary) ? false : `there is no ${binary}`;
  test(`our protos agree with ${binary}`, { skip }, () => {
    const files = compileOurs(['containerd/**/*.proto', 'google/**/*.proto']);
    const ours = indexOf(files);
    assert.ok(ours.messages.size > 150 && ours.methods.size > 60);
    const theirs = indexOf(readEmbeddedDescriptors(binary));
    assert.deepEqual(compare(ours, theirs, versioned(files)), []);
  });
}

const buildkitd = ['/usr/bin/buildkitd', '/usr/local/bin/buildkitd', '/var/cache/pouch-test/clients/bin/buildkitd']
  .concat(join(process.env['POUCH_COMPAT_CLIENTS'] ?? '/nowhere', 'bin/buildkitd'))
  .find((path) => existsSync(path));

test('our protos agree with buildkitd', {
  skip: buildkitd === undefined ? 'there is no buildkitd here' : false,
}, () => {
  const files = compileOurs(['buildkit/*.proto']);
  const ours = indexOf(files);
  assert.ok(ours.messages.size > 20 && ours.methods.size > 5);
  assert.deepEqual(compare(ours, indexOf(readEmbeddedDescriptors(buildkitd as string)), versioned(files)), []);
});
