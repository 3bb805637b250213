import type { JSONMessage } from '@pouch/api';
import { formatBytes } from '@pouch/base';

/** Sums up the layers of a pull as one line: how much of how much is here. */
export class PullMeter {
  readonly #layers = new Map<string, { current: number; total: number }>();

  /** Returns whether the line may have changed. */
  take({ id, status, progressDetail }: JSONMessage): boolean {
    if (!id || status === undefined) return false;
    const layer = this.#layers.get(id) ?? { current: 0, total: 0 };
    if (status === 'Downloading') {
      layer.current = progressDetail?.current ?? layer.current;
      layer.total = progressDetail?.total ?? layer.total;
    } else if (/^(Download complete|Pull complete|Extracting|Verifying)/.test(status)) layer.current = layer.total;
    else return false;
    this.#layers.set(id, layer);
    return true;
  }

  toString(): string {
    let current = 0;
    let total = 0;
    for (const layer of this.#layers.values()) {
      current += layer.current;
      total += layer.total;
    }
    return total === 0 ? '' : `${formatBytes(current)} of ${formatBytes(total)}`;
  }
}
