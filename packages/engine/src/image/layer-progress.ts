import type { Progress } from './image-service.ts';

/** Milliseconds between two reports of one layer's bytes. */
const INTERVAL = 100;

/** Tells a client how each layer fares: steps at once, bytes ten times a second at most. */
export class LayerProgress {
  readonly #tell: Progress | undefined;
  readonly #toldAt = new Map<string, number>();

  constructor(tell: Progress | undefined) {
    this.#tell = tell;
  }

  /** A step, such as `Pulling fs layer` or `Pull complete`. */
  step(digest: string, status: string): void {
    this.#tell?.({ status, progressDetail: {}, id: layerId(digest) });
  }

  /** Bytes so far of a step that takes time, such as `Downloading`. */
  bytes(digest: string, status: string, current: number, total: number): void {
    if (this.#isDue(digest)) this.#tell?.({ status, progressDetail: { current, total }, id: layerId(digest) });
  }

  /** Seconds so far, where bytes are not known. The returned disposable stops it. */
  seconds(digest: string, status: string): Disposable {
    const startedAt = Date.now();
    const tell = (): void => {
      const current = Math.floor((Date.now() - startedAt) / 1000);
      this.#tell?.({ status, progressDetail: { current, units: 's' }, id: layerId(digest) });
    };
    tell();
    const timer = setInterval(tell, 1000);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** A line that belongs to no layer. */
  line(status: string, id?: string): void {
    this.#tell?.(id === undefined ? { status } : { status, id });
  }

  #isDue(digest: string): boolean {
    const now = Date.now();
    if (now - (this.#toldAt.get(digest) ?? 0) < INTERVAL) return false;
    this.#toldAt.set(digest, now);
    return true;
  }
}

/** The twelve digits that stand for a layer. */
export function layerId(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1).slice(0, 12);
}
