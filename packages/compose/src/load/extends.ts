import { dirname } from 'node:path';
import { problemAt } from '../tree/problems.ts';
import {
  describe,
  get,
  type Location,
  map,
  type MapNode,
  mapValues,
  textOf,
  type Tree,
  withEntry,
} from '../tree/tree.ts';
import { merge, withoutTags } from './merge.ts';
import { type ReadOptions, readComposeFile } from './read-file.ts';

/** The file with every service's `extends` carried out. Throws invalid-argument for a circle or a missing service. */
export function applyExtends(file: MapNode, path: string, options: ReadOptions): MapNode {
  const services = get(file, 'services');
  if (services?.kind !== 'map') return file;
  const resolver = new Resolver(options);
  const resolved = mapValues(services, (service, name, at) => resolver.resolve(services, path, name, at, service));
  return withEntry(file, 'services', resolved) as MapNode;
}

class Resolver {
  readonly #options: ReadOptions;
  readonly #open: string[] = [];
  readonly #files = new Map<string, Tree | undefined>();

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  resolve(services: Tree, file: string, name: string, at: Location, service: Tree): Tree {
    const link = get(service, 'extends');
    if (service.kind !== 'map' || !link) return service;
    const id = `${file}:${name}`;
    if (this.#open.includes(id)) {
      throw problemAt(at, `services extend each other in a circle: ${[...this.#open, id].join(' → ')}`);
    }
    if (link.kind !== 'map') throw problemAt(link.at, `extends is a map or a service's name, found ${describe(link)}`);
    const from = textOf(link, 'service');
    if (from === undefined) throw problemAt(link.at, `services.${name}.extends names no service`);
    this.#open.push(id);
    const other = textOf(link, 'file');
    const [baseServices, baseFile] = other === undefined ? [services, file] : [this.#load(other, link.at), other];
    const base = get(baseServices, from);
    if (!base) throw problemAt(link.at, `cannot extend service '${from}': ${baseFile} has no such service`);
    const whole = this.resolve(baseServices ?? services, baseFile, from, link.at, base);
    this.#open.pop();
    const own = withEntry(service, 'extends', undefined);
    const project = (tree: Tree): Tree =>
      map([['services', { at, value: map([[name, { at, value: tree }]], at) }]], at);
    const clean = withoutTags(whole) ?? whole;
    const merged = merge(project(clean), project({ ...own }));
    return get(get(merged, 'services'), name) ?? own;
  }

  #load(path: string, at: Location): Tree | undefined {
    if (!this.#files.has(path)) {
      const { base: _, ...options } = this.#options;
      let file: MapNode | undefined;
      try {
        file = readComposeFile(path, { ...options, base: dirname(path) });
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('no such')) throw problemAt(at, error.message, error);
        throw error;
      }
      this.#files.set(path, get(file, 'services'));
    }
    return this.#files.get(path);
  }
}
