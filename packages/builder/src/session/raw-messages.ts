import type { MethodDefinition } from '@pouch/grpc';

interface RawCodec {
  encode(bytes: Uint8Array): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Uint8Array;
  fromPartial(bytes: Uint8Array): Uint8Array;
}

/** Messages that stay as they are on the wire. */
const RAW: RawCodec = {
  encode: (bytes) => ({ finish: () => bytes }),
  decode: (bytes) => bytes,
  fromPartial: (bytes) => bytes,
};

const diffCopy = {
  name: 'DiffCopy',
  requestType: RAW,
  requestStream: true,
  responseType: RAW,
  responseStream: true,
} as const satisfies MethodDefinition;

/** BuildKit's FileSend, whose one method carries one of two kinds of messages. */
export const FileSendDefinition = {
  fullName: 'moby.filesync.v1.FileSend',
  methods: { diffCopy },
} as const;
