import { type FSWatcher, watch as watchDirectory } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { basename, dirname, join, posix, relative } from 'node:path';
import { errnoCode, errorMessage, PathPatterns, PouchError, sleep } from '@pouch/base';
import type { Service } from '../project/project.ts';
import type { WatchRule } from '../schema/service-parts.ts';
import { buildImage } from './build.ts';
import { runHooks } from './hooks.ts';
import { imageOf } from '../project/image-of.ts';
import { containersOf } from './lifecycle.ts';
import type { Session } from './session.ts';
import { syncFiles } from './sync-files.ts';
import { up } from './up.ts';

/** Changes that come together are one change. */
const QUIET_MS = 300;

export interface WatchOptions {
  readonly services: readonly string[];
  readonly report: (line: string) => void;
}

/** Watch the paths of `develop.watch`, and carry changes over, until the session ends. */
export async function watch(session: Session, options: WatchOptions): Promise<void> {
  const services = [...session.project.services.values()].filter(
    ({ name, develop }) =>
      (options.services.length === 0 || options.services.includes(name)) && (develop?.watch?.length ?? 0) > 0,
  );
  if (services.length === 0) {
    throw new PouchError(
      'invalid-argument',
      'none of the selected services is configured for watch, consider setting a develop section',
    );
  }
  await using watchers = new AsyncDisposableStack();
  const work: Promise<void>[] = [];
  for (const service of services) {
    for (const rule of service.develop?.watch ?? []) {
      const watched = watchers.use(await RuleWatcher.open(service, rule));
      work.push(carryOver(session, service, rule, watched, options));
    }
  }
  options.report('Watch enabled');
  await Promise.all(work);
}

async function carryOver(
  session: Session,
  service: Service,
  rule: WatchRule,
  watched: RuleWatcher,
  options: WatchOptions,
): Promise<void> {
  if (rule.initial_sync && rule.action?.startsWith('sync'))
    await act(session, service, rule, await watched.everything(), options);
  for (;;) {
    const paths = await watched.next(session.signal);
    if (session.signal.aborted) return;
    try {
      await act(session, service, rule, paths, options);
    } catch (error) {
      if (session.signal.aborted) return;
      options.report(`${service.name}: ${errorMessage(error)}`);
    }
  }
}

async function act(
  session: Session,
  service: Service,
  rule: WatchRule,
  paths: readonly string[],
  options: WatchOptions,
): Promise<void> {
  if (paths.length === 0) return;
  const { action = 'sync' } = rule;
  if (action === 'rebuild') {
    options.report(`Rebuilding service ${service.name} after ${paths.length} changes were detected...`);
    await buildImage(session, service, imageOf(session.project, service));
    await up(session, {
      services: [service.name],
      images: { build: false },
      recreate: 'changed',
      dependencies: false,
      scale: new Map(),
      removeOrphans: false,
      ignoreOrphans: true,
      renewVolumes: false,
      start: true,
    });
    options.report(`service ${service.name} successfully built`);
    return;
  }
  const containers = (await containersOf(session, [service.name])).filter(({ state }) => state === 'running');
  if (action.startsWith('sync')) {
    options.report(`Syncing service ${service.name} after ${paths.length} changes were detected`);
    const root = rule.path ?? '';
    const target = rule.target ?? '/';
    const single = (await lstat(root).catch(() => undefined))?.isFile() ?? false;
    const changes = paths.map((path) => ({
      from: path,
      to: single ? target : posix.join(target, relative(root, path)),
    }));
    await Promise.all(containers.map((container) => syncFiles(session, container.id, changes)));
  }
  if (action === 'restart' || action === 'sync+restart') {
    await Promise.all(containers.map((container) => session.client.containers.restart(container.id)));
    options.report(`service(s) ["${service.name}"] restarted`);
  }
  if (action === 'sync+exec' && rule.exec) {
    for (const container of containers) await runHooks(session, container, [rule.exec]);
  }
}

/** Directories that are being watched for one rule, and the paths that have changed since they were asked for. */
class RuleWatcher implements AsyncDisposable {
  readonly #root: string;
  readonly #ignore: PathPatterns;
  readonly #include: PathPatterns | undefined;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #wake: (() => void) | undefined;

  private constructor(root: string, ignore: PathPatterns, include: PathPatterns | undefined) {
    this.#root = root;
    this.#ignore = ignore;
    this.#include = include;
  }

  static async open(service: Service, rule: WatchRule): Promise<RuleWatcher> {
    const root = rule.path ?? '';
    const ignore = PathPatterns.of(['.git', ...(rule.ignore ?? [])]);
    const include = rule.include && rule.include.length > 0 ? PathPatterns.of(rule.include) : undefined;
    const watcher = new RuleWatcher(root, ignore, include);
    try {
      const stat = await lstat(root);
      if (stat.isDirectory()) await watcher.#add(root);
      else watcher.#addFile(root);
      return watcher;
    } catch (error) {
      throw new PouchError(
        'not-found',
        `services.${service.name}.develop.watch: cannot watch ${root}: ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }

  #isIgnored(path: string): boolean {
    const name = relative(this.#root, path);
    if (name === '') return false;
    // What editors leave beside a file while they write it.
    if (/(^\.#|~$|\.sw[px]$|^4913$|^\.goutputstream-)/.test(basename(path))) return true;
    return this.#ignore.excludes(name) || (this.#include !== undefined && !this.#include.excludes(name));
  }

  /** A directory and all below it: a watch of the kernel's is for one directory. */
  async #add(directory: string): Promise<void> {
    if (this.#watchers.has(directory)) return;
    const watcher = watchDirectory(directory, (_, name) => {
      if (name !== null) void this.#note(join(directory, name));
    });
    watcher.on('error', () => this.#forget(directory));
    this.#watchers.set(directory, watcher);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !this.#ignore.excludes(relative(this.#root, path))) await this.#add(path);
    }
  }

  #addFile(path: string): void {
    const watcher = watchDirectory(dirname(path), (_, name) => {
      if (name === basename(path)) this.#changes(path);
    });
    this.#watchers.set(path, watcher);
  }

  #forget(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  async #note(path: string): Promise<void> {
    const stat = await lstat(path).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOENT') this.#forget(path);
      return undefined;
    });
    if (stat?.isDirectory()) {
      if (this.#ignore.excludes(relative(this.#root, path))) return;
      await this.#add(path).catch(() => {});
      // Files may have come with it, before it was watched.
      for (const inside of await filesBelow(path)) if (!this.#isIgnored(inside)) this.#changes(inside);
      return;
    }
    if (!this.#isIgnored(path)) this.#changes(path);
  }

  #changes(path: string): void {
    this.#changed.add(path);
    this.#wake?.();
  }

  /** Every file that the rule covers. */
  async everything(): Promise<string[]> {
    const stat = await lstat(this.#root);
    if (!stat.isDirectory()) return [this.#root];
    return (await filesBelow(this.#root)).filter((path) => !this.#isIgnored(path));
  }

  /** The paths that changed, once nothing more changes for a moment; none when the signal aborts. */
  async next(signal: AbortSignal): Promise<string[]> {
    if (this.#changed.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
        if (signal.aborted) resolve();
      });
    }
    for (let size = -1; size !== this.#changed.size && !signal.aborted; ) {
      size = this.#changed.size;
      await sleep(QUIET_MS, signal).catch(() => {});
    }
    const paths = [...this.#changed].toSorted();
    this.#changed.clear();
    return paths;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers.values()) watcher.close();
  }
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
