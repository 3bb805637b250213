import { PouchError } from '@pouch/base';
import type { Service } from './project.ts';

/** The services that a service waits for, of those that are there. */
export function dependenciesOf(services: ReadonlyMap<string, Service>, name: string): string[] {
  return Object.keys(services.get(name)?.depends_on ?? {}).filter((one) => services.has(one));
}

/** The services that wait for a service. */
export function dependentsOf(services: ReadonlyMap<string, Service>, name: string): string[] {
  return [...services.keys()].filter((one) => dependenciesOf(services, one).includes(name));
}

/** The names, with everything they depend on. */
export function withDependencies(services: ReadonlyMap<string, Service>, names: Iterable<string>): Set<string> {
  return closure(names, (name) => dependenciesOf(services, name));
}

/** The names, with everything that depends on them. */
export function withDependents(services: ReadonlyMap<string, Service>, names: Iterable<string>): Set<string> {
  return closure(names, (name) => dependentsOf(services, name));
}

function closure(names: Iterable<string>, next: (name: string) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const one of next(name)) visit(one);
  };
  for (const name of names) visit(name);
  return found;
}

/** Throws invalid-argument where services wait for each other in a circle. */
export function checkForCircles(services: ReadonlyMap<string, Service>): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): void => {
    const at = path.indexOf(name);
    if (at >= 0) {
      throw new PouchError(
        'invalid-argument',
        `services depend on each other in a circle: ${[...path.slice(at), name].join(' → ')}`,
      );
    }
    if (done.has(name)) return;
    path.push(name);
    for (const next of dependenciesOf(services, name)) visit(next);
    path.pop();
    done.add(name);
  };
  for (const name of services.keys()) visit(name);
}
