import type { AttestationStatement } from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import { type Descriptor, formatPlatform, parsePlatform } from '@pouch/oci';
import { type ImageContent, isAttestation } from './image-content.ts';
import { apiDescriptor } from './api-descriptor.ts';
import type { ImageResolver } from './image-resolver.ts';
import type { AttestationOptions } from './image-service.ts';

const STATEMENT = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';
const SUBJECT = 'vnd.docker.reference.digest';
/** Bytes of a statement that are read at most: an SBOM of a large image takes a few million. */
const STATEMENT_LIMIT = 64 * 1024 * 1024;

/** Attestations as BuildKit attaches them: manifests of the image's index that name the manifest they are about. */
export class ImageAttestations {
  readonly #content: ImageContent;
  readonly #resolver: ImageResolver;

  constructor(dependencies: { readonly content: ImageContent; readonly resolver: ImageResolver }) {
    this.#content = dependencies.content;
    this.#resolver = dependencies.resolver;
  }

  /** Throws `not-found` for an image, or a platform of it, that is not here. An image without an index has none. */
  async list(reference: string, options: AttestationOptions): Promise<AttestationStatement[]> {
    const { target } = await this.#resolver.find(reference);
    const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
    const image = await this.#content.platformImage(target, platform);
    const index = await this.#content.index(target);
    const about = (index?.manifests ?? []).filter(
      (member) => isAttestation(member) && member.annotations?.[SUBJECT] === image.descriptor.digest,
    );
    const statements: AttestationStatement[] = [];
    for (const member of about) {
      for (const layer of await this.#statements(member, formatPlatform(image.platform))) {
        const type = layer.annotations?.[PREDICATE_TYPE] ?? '';
        if (options.types?.length && !options.types.includes(type)) continue;
        statements.push({
          Descriptor: apiDescriptor(layer),
          PredicateType: type,
          ...(options.statement && { Statement: await this.#read(layer) }),
        });
      }
    }
    return statements;
  }

  async #statements(member: Descriptor, platform: string): Promise<readonly Descriptor[]> {
    try {
      const document = await this.#content.document(member);
      if (document.kind !== 'manifest') return [];
      return document.manifest.layers.filter(({ mediaType }) => mediaType === STATEMENT);
    } catch (error) {
      if (!isErrorCode(error, 'not-found')) throw error;
      throw new PouchError(
        'not-found',
        `the attestations of ${platform} (${member.digest}) are not on this host; pull the image again with them`,
        { cause: error },
      );
    }
  }

  async #read(layer: Descriptor): Promise<unknown> {
    const bytes = await this.#content.store.readAll(layer.digest, STATEMENT_LIMIT);
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    } catch (error) {
      throw new PouchError('internal', `the statement ${layer.digest} is not JSON`, { cause: error });
    }
  }
}
