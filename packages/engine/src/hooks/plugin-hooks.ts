import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoCode, errorMessage, type Logger, PouchError } from '@pouch/base';
import type { HookPlugin } from './hook-plugin.ts';
import { HOOK_POINTS, type HookEvent, type HookPoint, type Hooks } from './hook-points.ts';

export interface PluginHooksDependencies {
  readonly logger: Logger;
  /** A request that a plugin changed, checked as a client's is. Throws invalid-argument. */
  readonly checkRequest: (point: HookPoint, request: unknown) => unknown;
}

/** The plugins of a directory: its executables and its ES modules (`*.mjs`), in the order of their priorities. */
export class PluginHooks implements Hooks {
  readonly #directory: string;
  readonly #dependencies: PluginHooksDependencies;
  #plugins: readonly HookPlugin[] = [];

  constructor(options: { directory: string }, dependencies: PluginHooksDependencies) {
    this.#directory = options.directory;
    this.#dependencies = dependencies;
  }

  /** Read the directory. Throws `invalid-argument` for a plugin that cannot be used: one left out could be one that guards. */
  async load(): Promise<void> {
    const { executablePlugin, modulePlugin } = await import('./hook-plugin.ts');
    await this.#checkOwner(this.#directory);
    const names = (await readdir(this.#directory)).filter((name) => !name.startsWith('.')).toSorted();
    const plugins: HookPlugin[] = [];
    for (const name of names) {
      const path = join(this.#directory, name);
      const info = await this.#checkOwner(path);
      if (info.isDirectory()) continue;
      if (name.endsWith('.mjs')) plugins.push(await modulePlugin(name, path));
      else if ((Number(info.mode) & 0o111) !== 0) plugins.push(await executablePlugin(name, path));
    }
    // A stable sort: names decide between equal priorities.
    this.#plugins = plugins.toSorted((a, b) => a.description.priority - b.description.priority);
    this.#dependencies.logger.info('plugins are loaded', { plugins: this.#plugins.map(({ name }) => name).join(', ') });
  }

  /** What runs with the daemon's rights must be writable by nobody else. */
  async #checkOwner(path: string): Promise<Awaited<ReturnType<typeof lstat>>> {
    const info = await lstat(path).catch((cause: unknown) => {
      const what = errnoCode(cause) === 'ENOENT' ? 'there is no such directory' : errorMessage(cause);
      throw new PouchError('invalid-argument', `plugin-dir ${dirname(path)}: ${path}: ${what}`, { cause });
    });
    const own = process.getuid?.() ?? 0;
    if ((info.uid !== 0 && info.uid !== own) || (!info.isSymbolicLink() && (Number(info.mode) & 0o022) !== 0)) {
      throw new PouchError('invalid-argument', `plugin-dir: ${path} must belong to root and be writable by root only`);
    }
    if (info.isSymbolicLink())
      throw new PouchError('invalid-argument', `plugin-dir: ${path} may not be a symbolic link`);
    return info;
  }

  has(point: HookPoint): boolean {
    return this.#plugins.some(({ description }) => description.points.includes(point));
  }

  async run<E extends HookEvent>(point: HookPoint, event: E): Promise<E> {
    let current = event;
    for (const plugin of this.#plugins) {
      if (!plugin.description.points.includes(point)) continue;
      try {
        const answer = await plugin.call(point, { point, ...current });
        current = this.#take(point, current, answer);
      } catch (error) {
        this.#failed(plugin, point, error);
      }
    }
    return current;
  }

  #take<E extends HookEvent>(point: HookPoint, event: E, answer: unknown): E {
    if (typeof answer !== 'object' || answer === null) return event;
    const { error, request } = answer as Record<string, unknown>;
    if (typeof error === 'string') throw new PouchError('upstream', error);
    if (request === undefined || event.request === undefined) return event;
    return { ...event, request: this.#dependencies.checkRequest(point, request) };
  }

  #failed(plugin: HookPlugin, point: HookPoint, error: unknown): void {
    const message = errorMessage(error);
    if (HOOK_POINTS[point] === 'refuse' && plugin.description.required) {
      throw new PouchError('upstream', `plugin ${plugin.name} refused at ${point}: ${message}`, { cause: error });
    }
    this.#dependencies.logger.warn('a plugin failed', { plugin: plugin.name, point, error: message });
  }
}
