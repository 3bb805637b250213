import type { AuthConfig } from '@pouch/api';
import type { Semaphore } from '@pouch/base';
import type { PouchClient } from '@pouch/client';
import type { Project } from '../project/project.ts';

export type StepState = 'working' | 'done' | 'warning' | 'error';

/** Where the steps of a command are told: a live view, plain lines, or nothing. */
export interface Progress {
  /** `id` names the thing (`Container app-web-1`), `status` what happens to it (`Starting`), `note` more of it. */
  step(id: string, status: string, state: StepState, note?: string): void;
  /** A line of a build or a hook, for the thing. */
  output(id: string, line: string): void;
  warn(message: string): void;
}

/** What every operation works with. */
export interface Session {
  readonly client: PouchClient;
  readonly project: Project;
  readonly progress: Progress;
  /** Requests at once. */
  readonly limit: Semaphore;
  readonly signal: AbortSignal;
  /** For an image's registry. */
  readonly credentials: (image: string) => Promise<AuthConfig | undefined>;
  /** For a registry, as the user's configuration names it. */
  readonly credentialsOf: (server: string) => Promise<AuthConfig | undefined>;
  /** By registry: a Dockerfile may name images of any. */
  readonly allCredentials: () => Promise<Readonly<Record<string, AuthConfig>>>;
}

/** Do something, told as two steps: `working` and `done`; a failure is told as the third. */
export async function step<T>(
  session: Session,
  id: string,
  words: readonly [working: string, done: string],
  work: () => Promise<T>,
): Promise<T> {
  session.progress.step(id, words[0], 'working');
  try {
    session.signal.throwIfAborted();
    const result = await session.limit.run(work);
    session.progress.step(id, words[1], 'done');
    return result;
  } catch (error) {
    session.progress.step(id, 'Error', 'error', error instanceof Error ? (error.message.split('\n')[0] ?? '') : '');
    throw error;
  }
}

/** All of them at once; the first failure is thrown when all have ended. */
export async function all(work: Iterable<Promise<unknown>>): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/**
 * Do something for each name, after it was done for all that `before` gives. What waits for something that failed is
 * not done; the first failure is thrown when everything else has ended.
 */
export async function inOrder(
  names: Iterable<string>,
  before: (name: string) => readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const wanted = new Set(names);
  const running = new Map<string, Promise<void>>();
  const failures: Error[] = [];
  const run = (name: string): Promise<void> => {
    let promise = running.get(name);
    if (!promise) {
      const waits = before(name).filter((one) => wanted.has(one) && one !== name);
      promise = Promise.all(waits.map(run))
        .then(() => work(name))
        .catch((error: unknown) => {
          failures.push(error instanceof Error ? error : new Error(String(error)));
          throw error;
        });
      running.set(name, promise);
    }
    return promise;
  };
  await Promise.allSettled([...wanted].map(run));
  if (failures[0]) throw failures[0];
}
