/** Test aid: the protobuf file descriptors that a containerd binary carries, as an oracle for our hand-written protos. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const MAX_DESCRIPTOR = 1 << 18;

/** Every descriptor in the binary: gzip-compressed ones (gogo/protobuf, up to 1.6) and raw ones (google.golang.org/protobuf). */
export function readEmbeddedDescriptors(binary: string): FileDescriptorProto[] {
  const bytes = readFileSync(binary);
  const found = new Map<string, FileDescriptorProto>();
  for (const file of [...compressed(bytes), ...raw(bytes)]) if (!found.has(file.name)) found.set(file.name, file);
  return [...found.values()];
}

function* compressed(bytes: Buffer): Generator<FileDescriptorProto> {
  for (let at = bytes.indexOf(GZIP_MAGIC); at >= 0; at = bytes.indexOf(GZIP_MAGIC, at + 1)) {
    let plain: Buffer;
    try {
      plain = gunzipSync(bytes.subarray(at, at + MAX_DESCRIPTOR), { maxOutputLength: MAX_DESCRIPTOR });
    } catch {
      continue;
    }
    const file = parse(plain);
    if (file) yield file;
  }
}

function* raw(bytes: Buffer): Generator<FileDescriptorProto> {
  const needle = Buffer.from('.proto\x12');
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
    const end = at + '.proto'.length;
    for (let length = 7; length < 128; length += 1) {
      const start = end - length - 2;
      if (start < 0 || bytes[start] !== 0x0a || bytes[start + 1] !== length) continue;
      const file = parse(bytes.subarray(start, start + topLevelLength(bytes, start)));
      if (file) yield file;
      break;
    }
  }
}

/** How many bytes from `start` read as fields of a FileDescriptorProto, whose numbers rise (bar the repeated ones). */
function topLevelLength(bytes: Buffer, start: number): number {
  let at = start;
  let seenSyntax = false;
  let highest = 0;
  while (at < bytes.length && at - start < MAX_DESCRIPTOR) {
    const tag = bytes[at] as number;
    const field = tag >> 3;
    if ((tag & 7) !== 2 || ![1, 2, 3, 4, 5, 6, 7, 8, 12].includes(field) || field < highest) break;
    let length = 0;
    let shift = 0;
    let next = at + 1;
    for (; ; next += 1) {
      const byte = bytes[next] as number;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80 || shift > 21) break;
    }
    at = next + 1 + length;
    highest = field;
    seenSyntax = field === 12;
    if (seenSyntax) break;
  }
  return at - start;
}

function parse(bytes: Buffer): FileDescriptorProto | undefined {
  try {
    const file = fromBinary(FileDescriptorProtoSchema, bytes);
    return file.name.endsWith('.proto') ? file : undefined;
  } catch {
    return undefined;
  }
}
