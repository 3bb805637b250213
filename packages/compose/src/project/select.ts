import { PouchError } from '@pouch/base';
import { withDependencies } from './dependencies.ts';
import type { Project, Service } from './project.ts';

/** Split services by profiles; `*` enables all. */
export function splitByProfiles(
  services: ReadonlyMap<string, Service>,
  profiles: readonly string[],
): { readonly enabled: Map<string, Service>; readonly disabled: Map<string, Service> } {
  const enabled = new Map<string, Service>();
  const disabled = new Map<string, Service>();
  for (const [name, service] of services) {
    const own = service.profiles ?? [];
    const active = own.length === 0 || profiles.includes('*') || own.some((profile) => profiles.includes(profile));
    (active ? enabled : disabled).set(name, service);
  }
  return { enabled, disabled };
}

/**
 * The project with the named services enabled, whatever their profiles are, and what they need. Throws not-found for a
 * name that it does not have.
 */
export function enableNamed(project: Project, names: readonly string[]): Project {
  const all = new Map([...project.services, ...project.disabled]);
  for (const name of names) {
    if (!all.has(name)) throw new PouchError('not-found', `no such service: ${name}`);
  }
  const services = new Map(project.services);
  for (const name of withDependencies(all, names)) {
    const service = all.get(name);
    if (service) services.set(name, service);
  }
  const disabled = new Map([...project.disabled].filter(([name]) => !services.has(name)));
  return { ...project, services, disabled };
}

/** The services that a command with these names works on: all where none are named. */
export function selectServices(
  project: Project,
  names: readonly string[],
  options: { readonly dependencies: boolean },
): Service[] {
  if (names.length === 0) return [...project.services.values()];
  const wanted = options.dependencies ? withDependencies(project.services, names) : new Set(names);
  for (const name of names) {
    if (!project.services.has(name)) throw new PouchError('not-found', `no such service: ${name}`);
  }
  return [...project.services.values()].filter(({ name }) => wanted.has(name));
}
