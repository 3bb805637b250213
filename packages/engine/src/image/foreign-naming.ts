import { background, type Logger } from '@pouch/base';
import type { Leases } from '@pouch/containerd';
import { type Digest, familiarString, parseDigest } from '@pouch/oci';
import type { ImageCatalog, ImageName } from './image-catalog.ts';
import { danglingName, referenceOfName } from './image-names.ts';
import type { ForeignNaming } from './image-service.ts';
import { createImageLease } from './reconcile-images.ts';

export interface ForeignNamingDependencies {
  readonly leases: Leases;
  readonly catalog: ImageCatalog;
  readonly logger: Logger;
  /** Publishes an event of an image. */
  readonly tell: (action: string, id: string, name: string) => void;
  /** Makes the file system that containers of the image stand on. */
  readonly unpack: (target: ImageName['target']) => Promise<void>;
  /** Digests of the manifests that can be run: what an image is, its attestations aside. */
  readonly manifests: (target: ImageName['target']) => Promise<readonly Digest[]>;
  /** Whether a container was made from the image. */
  readonly isUsed: (id: Digest) => boolean;
}

/** Prepare for names that another program gives; see `ImageService.expectNames`. */
export async function expectNames(
  names: readonly string[],
  { leases, catalog, logger, tell, unpack, manifests, isUsed }: ForeignNamingDependencies,
): Promise<ForeignNaming> {
  await catalog.ready();
  const before = names.flatMap((name) => catalog.get(name) ?? []);
  // Nobody waits for it: the names are given at the end of a build, and by then it is long there.
  const held = (before.length === 0 ? Promise.resolve(undefined) : hold(before, leases)).catch((error: unknown) => {
    logger.warn('images that lose their name to a build may be collected', { error });
    return undefined;
  });
  const isSame = async (a: ImageName, b: ImageName): Promise<boolean> => {
    const [one, other] = await Promise.all([a, b].map(async ({ target }) => (await manifests(target)).join()));
    return one !== '' && one === other;
  };
  return {
    async done(id: string): Promise<void> {
      await held;
      const given = names.length > 0 ? names : [danglingName(parseDigest(id))];
      const images = await Promise.all(given.map(async (name) => await read(catalog, name, id)));
      const known = new Set<string>();
      for (const old of before) {
        const now = catalog.get(old.name);
        if (now?.target.digest === old.target.digest) continue;
        const isAgain = now !== undefined && (await isSame(now, old));
        // A build that is all cached has another index only because of when it was: nobody wants the old one.
        if (isAgain) known.add(now.target.digest);
        if (!isAgain || isUsed(old.target.digest)) await catalog.keepUnnamed(old);
      }
      tell('create', id, id);
      for (const name of names) tell('tag', id as Digest, shownName(name));
      // Whoever runs the image now waits for the same work.
      for (const target of new Map(images.flatMap((image) => (image ? [[id, image.target]] : []))).values()) {
        if (known.has(target.digest)) continue;
        background(unpack(target), (error) =>
          logger.debug('an image that was built is not unpacked yet', { id, error }),
        );
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      const lease = await held;
      if (lease !== undefined) await leases.delete(lease);
    },
  };
}

/** What the name stands for now, which the catalogue may have been told of already. */
async function read(catalog: ImageCatalog, name: string, id: string): Promise<ImageName | undefined> {
  const known = catalog.get(name);
  return known?.target.digest === id ? known : await catalog.refreshNow(name);
}

/** Keep the content of images that are about to lose a name. */
async function hold(images: readonly ImageName[], leases: Leases): Promise<string> {
  const lease = await createImageLease(leases);
  for (const { target } of images) await leases.addResource(lease, { type: 'content', id: target.digest });
  return lease;
}

function shownName(name: string): string {
  const reference = referenceOfName(name);
  return reference ? familiarString(reference) : name;
}
