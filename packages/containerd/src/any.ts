import { PouchError } from '@pouch/base';
import { serialiseExactJson } from '@pouch/oci';
import type { Any } from './generated/google/protobuf/any.ts';

/** A value with the name of its type, as containerd stores what it does not look into. */
export type { Any } from './generated/google/protobuf/any.ts';

/** Type URLs of OCI runtime-spec objects, which travel as JSON. */
export const OCI_TYPE = {
  spec: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
  process: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
  linuxResources: 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources',
} as const;

interface MessageCodec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** A plain object as JSON under a type URL; a bigint becomes the integer it is. */
export function packJson(typeUrl: string, value: unknown): Any {
  return { typeUrl, value: Buffer.from(serialiseExactJson(value)) };
}

/** The object of a JSON payload; `data-loss` where it is not JSON. */
export function unpackJson(any: Any): unknown {
  try {
    return JSON.parse(Buffer.from(any.value.buffer, any.value.byteOffset, any.value.byteLength).toString('utf8'));
  } catch (error) {
    throw new PouchError('data-loss', `containerd's record of type ${any.typeUrl} is not JSON.`, { cause: error });
  }
}

/** A protobuf message under its full name. */
export function packMessage<T>(fullName: string, codec: MessageCodec<T>, message: T): Any {
  return { typeUrl: fullName, value: codec.encode(message).finish() };
}

/** The message, or undefined when the payload is of another type. */
export function unpackMessage<T>(any: Any, fullName: string, codec: MessageCodec<T>): T | undefined {
  return typeName(any) === fullName ? codec.decode(any.value) : undefined;
}

/** The full name at the end of a type URL: `type.googleapis.com/a.B` and `a.B` name the same. */
export function typeName(any: Any): string {
  return any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1);
}
