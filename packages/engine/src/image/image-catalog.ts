import { background, Emitter, isErrorCode, KeyedMutex, type Logger } from '@pouch/base';
import type { Images } from '@pouch/containerd';
import { type Descriptor, type Digest, parseDigest } from '@pouch/oci';
import { danglingName, isDanglingName } from './image-names.ts';

/** A name in containerd's image store. */
export interface ImageName {
  readonly name: string;
  /** The index or manifest it points at; its digest is the image's id. */
  readonly target: Descriptor;
  readonly labels: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch. */
  readonly updatedAt: bigint;
}

/** Set on dangling names: when an image lost its last name it must not be mistaken for one that never had any. */
const DANGLING_LABEL = 'io.pouch.image.dangling';

/**
 * The names of containerd's image store, kept in memory so that looking one up costs no call. Own changes are seen at once;
 * those of others (`ctr`, BuildKit) when `refresh` is told of them.
 */
export class ImageCatalog {
  readonly #images: Images;
  readonly #logger: Logger;
  readonly #names = new Map<string, ImageName>();
  readonly #locks = new KeyedMutex();
  readonly #changed = new Emitter<string>();
  #loading: Promise<void> | undefined;

  constructor(images: Images, logger: Logger) {
    this.#images = images;
    this.#logger = logger;
  }

  /** Told the name of every image that was added, moved or removed. */
  onChange(listener: (name: string) => void): Disposable {
    return this.#changed.subscribe(listener);
  }

  /** Read everything again: at start, and after the event stream broke. */
  async reload(): Promise<void> {
    this.#loading = this.#readAll();
    this.#loading.catch(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  /** Wait until the catalogue is filled. At once in the usual case. */
  async ready(): Promise<void> {
    await (this.#loading ?? this.reload());
  }

  all(): ImageName[] {
    return [...this.#names.values()];
  }

  get(name: string): ImageName | undefined {
    return this.#names.get(name);
  }

  /** Every name of the image with this id. */
  namesOf(target: string): ImageName[] {
    return this.all().filter((image) => image.target.digest === target);
  }

  /**
   * Point a name at an image, made now if needed. The image that had the name before stays known as dangling unless it has
   * other names.
   */
  async put(name: string, target: Descriptor, labels: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.ready();
    await this.#locks.run(name, async () => {
      const before = this.#names.get(name);
      if (before && before.target.digest !== target.digest) await this.#keepDangling(before, name);
      this.#remember(await this.#images.put({ name, target: bare(target), labels }));
    });
    const dangling = danglingName(target.digest);
    if (name !== dangling && this.#names.has(dangling)) await this.#forgetDangling(dangling);
  }

  /** Take a name away; with `sync` containerd collects what only it held before this returns. */
  async delete(name: string, sync: boolean): Promise<void> {
    await this.#locks.run(name, async () => {
      try {
        await this.#images.delete(name, sync);
      } catch (error) {
        if (!isErrorCode(error, 'not-found')) throw error;
      }
      if (this.#names.delete(name)) this.#changed.emit(name);
    });
  }

  /** Someone else changed this name: look at it again, in the background. */
  refresh(name: string): void {
    background(
      this.#locks.run(name, () => this.#readOne(name)),
      (error) => this.#logger.warn('could not read an image that changed', { name, error }),
    );
  }

  /** As `refresh`; resolves when the name has been read. */
  async refreshNow(name: string): Promise<ImageName | undefined> {
    await this.#locks.run(name, () => this.#readOne(name));
    return this.#names.get(name);
  }

  /** An image whose last name somebody else gave to another one stays known as dangling. */
  async keepUnnamed(image: ImageName): Promise<void> {
    await this.#keepDangling(image, image.name);
  }

  async #readAll(): Promise<void> {
    const found = await this.#images.list();
    const names = new Set(found.map((image) => image.name));
    for (const known of [...this.#names.keys()]) if (!names.has(known)) this.#drop(known);
    for (const image of found) this.#remember(image);
  }

  async #readOne(name: string): Promise<void> {
    try {
      this.#remember(await this.#images.get(name));
    } catch (error) {
      if (!isErrorCode(error, 'not-found')) throw error;
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    if (this.#names.delete(name)) this.#changed.emit(name);
  }

  #remember(image: Awaited<ReturnType<Images['get']>>): void {
    const { name, labels, target } = image;
    const known = this.#names.get(name);
    const updatedAt = image.updatedAt ?? image.createdAt ?? 0n;
    if (known && known.target.digest === target.digest && known.updatedAt === updatedAt) return;
    const { mediaType, size } = target;
    this.#names.set(name, { name, labels, updatedAt, target: { mediaType, size, digest: parseDigest(target.digest) } });
    this.#changed.emit(name);
  }

  /** The image behind `leaving` is about to lose that name. */
  async #keepDangling(leaving: ImageName, name: string): Promise<void> {
    const others = this.namesOf(leaving.target.digest).filter((image) => image.name !== name);
    if (others.length > 0) return;
    const dangling = danglingName(leaving.target.digest);
    this.#remember(
      await this.#images.put({ name: dangling, target: leaving.target, labels: { [DANGLING_LABEL]: 'true' } }),
    );
  }

  async #forgetDangling(name: string): Promise<void> {
    if (isDanglingName(name)) await this.delete(name, false);
  }
}

/** A descriptor as containerd stores it for a name: what only an index says about its members stays there. */
function bare({ mediaType, digest, size }: Descriptor): { mediaType: string; digest: Digest; size: number } {
  return { mediaType, digest, size };
}
