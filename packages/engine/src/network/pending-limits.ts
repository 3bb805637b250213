/**
 * Limits on traffic that are put into the kernel while the container's process is made: nothing of it runs yet, and making it
 * takes longer.
 */
export class PendingLimits {
  readonly #underWay = new Map<string, Promise<void>>();

  begin(containerId: string, work: Promise<unknown>): void {
    const done = work.then(() => {});
    // Whoever asks is told of a failure; nobody may ask.
    done.catch(() => {});
    this.#underWay.set(containerId, done);
  }

  /** Resolves when they are set, and rejects where they could not be. */
  async done(containerId: string): Promise<void> {
    await this.#underWay.get(containerId);
  }

  /** Resolves when nothing is under way, and forgets what became of it. */
  async settled(containerId: string): Promise<void> {
    await this.#underWay.get(containerId)?.catch(() => {});
    this.#underWay.delete(containerId);
  }
}
