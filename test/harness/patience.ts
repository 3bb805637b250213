/**
 * How many times slower than a machine of its own the host is: 1, or what POUCH_TEST_PATIENCE says. An emulated processor
 * takes ten to twenty times as long.
 */
export const SLOWNESS = Math.max(Number(process.env['POUCH_TEST_PATIENCE'] ?? 1) || 1, 1);

/** How long to wait here for what takes at most `ms` milliseconds elsewhere. For deadlines only, never for what is measured. */
export function patience(ms: number): number {
  return ms * SLOWNESS;
}
