import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createLogger, type Logger, silentLogger } from '@pouch/base';
import { type Descriptor, digestOf, type ImageReference, MEDIA_TYPE } from '@pouch/oci';
import { type CallOptions, RegistryClient, type RegistrySettings } from '@pouch/registry';

export interface ExampleBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export function exampleBlob(size: number, mediaType: string = MEDIA_TYPE.ociLayer): ExampleBlob {
  const bytes = randomBytes(size);
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size } };
}

export function exampleManifest(layers: readonly ExampleBlob[]): { config: ExampleBlob; manifest: ExampleBlob } {
  const text = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: [randomBytes(4).toString('hex')] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
    history: [],
  });
  const config = blobOf(text, MEDIA_TYPE.ociConfig);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  return { config, manifest: blobOf(JSON.stringify(manifest), MEDIA_TYPE.ociManifest) };
}

export function blobOf(text: string, mediaType: string): ExampleBlob {
  const bytes = Buffer.from(text);
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

/** What `pushBlob` opens: the bytes from an offset on, in pieces. */
export function opener({ bytes }: ExampleBlob): (offset: number) => Readable {
  return (offset) =>
    Readable.from(
      (function* () {
        for (let at = offset; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
      })(),
      { objectMode: false },
    );
}

/** Push an image of one layer and return its parts. */
export async function pushExample(
  client: RegistryClient,
  reference: ImageReference,
  call: CallOptions = {},
  size = 300_000,
) {
  const layer = exampleBlob(size);
  const { config, manifest } = exampleManifest([layer]);
  for (const blob of [layer, config])
    await client.pushBlob(reference, blob.descriptor, { ...call, open: opener(blob) });
  await client.pushManifest(reference, manifest.bytes, manifest.descriptor.mediaType, call);
  return { layer, config, manifest };
}

/** A client whose retries do not take long, and that knows none of this host's certificates. */
export function makeClient(settings: RegistrySettings = {}, logger: Logger = silentLogger): RegistryClient {
  return new RegistryClient({ retryDelay: 5, certificateDirectories: [], ...settings }, { logger });
}

export function collectingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger({ level: 'debug', format: 'json', write: (line) => lines.push(line) }), lines };
}

export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'pouch-registry-'));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true }) };
}
