/** The newest API version that this client speaks, and the oldest it can use. */
export const API_VERSION = '1.56';
export const MIN_API_VERSION = '1.24';

/** Negative, 0 or positive, as `a` is older than, equal to or newer than `b` (`1.9` < `1.10`). */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
