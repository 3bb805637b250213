import type { Project, Service } from '../project/project.ts';
import type { Problems } from '../tree/problems.ts';
import { get, type Location, type Tree } from '../tree/tree.ts';

/** Report what a service names and the project does not have, and what contradicts itself. */
export function checkReferences(project: Project, tree: Tree, problems: Problems): void {
  for (const service of project.services.values()) checkService(project, service, tree, problems);
  for (const section of ['secrets', 'configs'] as const) {
    for (const [name, file] of project[section]) {
      const sources = [file.file, file.environment, file.content].filter((one) => one !== undefined);
      const at = entryAt(tree, section, name);
      if (sources.length !== 1) problems.error(at, `${section}.${name} needs one of file, environment and content`);
    }
  }
  for (const section of ['networks', 'volumes'] as const) {
    for (const [name, one] of project[section]) {
      const more = Object.keys(one).filter(
        (key) => !['key', 'name', 'external'].includes(key) && !key.startsWith('x-'),
      );
      if (one.external && more.length > 0) {
        problems.error(
          entryAt(tree, section, name),
          `${section}.${name} is external, so ${more.join(', ')} cannot be set`,
        );
      }
    }
  }
}

function checkService(project: Project, service: Service, tree: Tree, problems: Problems): void {
  const { name } = service;
  const place = (...path: string[]): Location => entryAt(tree, 'services', name, ...path);
  const wrong = (field: string, message: string): void => problems.error(place(field), `services.${name}: ${message}`);
  if (service.image === undefined && service.build === undefined) {
    problems.error(place(), `services.${name} needs an image or a build`);
  }
  if (service.network_mode !== undefined && Object.keys(service.networks).length > 0)
    wrong('network_mode', 'network_mode and networks exclude each other');
  for (const network of Object.keys(service.networks)) {
    if (!project.networks.has(network)) wrong('networks', `undefined network ${network}`);
  }
  for (const volume of service.volumes ?? []) {
    const source = volume.source ?? '';
    if (volume.type === 'volume' && source !== '' && !project.volumes.has(source))
      wrong('volumes', `undefined volume ${source}`);
    if (volume.type === 'bind' && source === '') wrong('volumes', `the bind mount at ${volume.target} needs a source`);
  }
  for (const kind of ['secrets', 'configs'] as const) {
    for (const { source } of service[kind] ?? []) {
      if (source !== undefined && !project[kind].has(source)) wrong(kind, `undefined ${kind.slice(0, -1)} ${source}`);
    }
  }
  for (const [dependency, { required }] of Object.entries(service.depends_on)) {
    if (project.services.has(dependency) || required === false) continue;
    if (!project.disabled.has(dependency)) wrong('depends_on', `depends on undefined service ${dependency}`);
  }
  if (service.replicas > 1 && service.container_name !== undefined) {
    wrong('container_name', `container_name allows one container, not ${service.replicas}`);
  }
  if (
    service.scale !== undefined &&
    service.deploy?.replicas !== undefined &&
    service.scale !== service.deploy.replicas
  ) {
    wrong('scale', 'scale and deploy.replicas differ; set one of them');
  }
  const mode = service.deploy?.mode;
  if (mode !== undefined && mode !== 'replicated') wrong('deploy', `deploy.mode ${mode} needs a swarm`);
}

/** Where something is written; the nearest thing around it where it is implied. */
export function entryAt(tree: Tree, ...path: readonly string[]): Location {
  let node: Tree = tree;
  let at = tree.at;
  for (const key of path) {
    if (node.kind !== 'map') return at;
    const entry = node.entries.get(key);
    const next = get(node, key);
    if (!entry || !next) return at;
    at = entry.at;
    node = next;
  }
  return at;
}
