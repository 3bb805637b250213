import { problemAt } from '../tree/problems.ts';
import {
  describe,
  type Entry,
  get,
  isNull,
  list,
  type Location,
  map,
  mapOf,
  mapValues,
  scalar,
  textOf,
  type Tree,
  withEntry,
} from '../tree/tree.ts';
import { extraHosts, keyValues, namesToMap, toList } from './key-values.ts';
import { isRemoteContext, pathNode } from './paths.ts';
import { ports } from './ports.ts';
import { ShellWordsError, shellWords } from './shell-words.ts';
import { serviceVolumes } from './volumes.ts';

type Change = (node: Tree, base: string) => Tree;

/** Fields of a service that have a short syntax or hold paths, and what makes the long one of them. */
const FIELDS: Readonly<Record<string, Change>> = {
  annotations: (node) => keyValues(node),
  build,
  cap_add: toList,
  cap_drop: toList,
  command: words,
  configs: references,
  depends_on: dependsOn,
  deploy: (node) => changeEntry(node, 'labels', (labels) => keyValues(labels)),
  develop,
  devices: (node) => (node.kind === 'list' ? list(node.items.map(device), node.at, node.tag) : node),
  dns: toList,
  dns_opt: toList,
  dns_search: toList,
  entrypoint: words,
  env_file: envFiles,
  environment: (node) => keyValues(node),
  extends: (node, base) =>
    node.kind === 'scalar'
      ? mapOf({ service: node }, node.at)
      : changeEntry(node, 'file', (file) => pathNode(file, base)),
  extra_hosts: extraHosts,
  gpus: (node) =>
    node.kind === 'scalar' ? list([mapOf({ count: scalar(node.value, node.at) }, node.at)], node.at, node.tag) : node,
  healthcheck: (node) => changeEntry(node, 'test', healthTest),
  label_file: (node, base) => {
    const files = toList(node);
    return files.kind === 'list' ? { ...files, items: files.items.map((item) => pathNode(item, base)) } : files;
  },
  labels: (node) => keyValues(node),
  networks: (node) => namesToMap(node, (item) => scalar(null, item.at)),
  ports,
  post_start: hooks,
  pre_stop: hooks,
  secrets: references,
  sysctls: (node) => keyValues(node),
  tmpfs: toList,
  ulimits,
  volumes: serviceVolumes,
};

/** A service in the long syntax of every field, with absolute paths. */
export function canonicalService(node: Tree, base: string): Tree {
  if (node.kind !== 'map') return node;
  return mapValues(node, (value, key) => {
    const change = Object.hasOwn(FIELDS, key) ? FIELDS[key] : undefined;
    return change && !isNull(value) ? change(value, base) : value;
  });
}

function changeEntry(node: Tree, key: string, change: (value: Tree) => Tree): Tree {
  const value = get(node, key);
  return value && !isNull(value) ? withEntry(node, key, change(value)) : node;
}

function words(node: Tree): Tree {
  if (node.kind !== 'scalar') return node;
  try {
    return list(
      shellWords(node.text).map((word) => scalar(word, node.at)),
      node.at,
      node.tag,
    );
  } catch (error) {
    if (error instanceof ShellWordsError) throw problemAt(node.at, error.message);
    throw error;
  }
}

function healthTest(node: Tree): Tree {
  if (node.kind !== 'scalar') return node;
  return list([scalar('CMD-SHELL', node.at), scalar(node.text, node.at)], node.at, node.tag);
}

/** `configs` and `secrets` of a service, or of its build. */
function references(node: Tree): Tree {
  if (node.kind !== 'list') return node;
  const items = node.items.map((item) => (item.kind === 'scalar' ? mapOf({ source: item }, item.at) : item));
  return list(items, node.at, node.tag);
}

function dependsOn(node: Tree): Tree {
  const started = (at: Location): Tree =>
    mapOf({ condition: scalar('service_started', at), required: scalar(true, at) }, at);
  if (node.kind === 'list') return namesToMap(node, (item) => started(item.at));
  if (node.kind !== 'map') return node;
  return mapValues(node, (value, _, at) => {
    if (isNull(value)) return started(at);
    return get(value, 'required') ? value : withEntry(value, 'required', scalar(true, value.at));
  });
}

function envFiles(node: Tree, base: string): Tree {
  const files = node.kind === 'map' ? list([node], node.at) : toList(node);
  if (files.kind !== 'list') return files;
  const items = files.items.map((item) => {
    if (item.kind === 'scalar') return mapOf({ path: pathNode(item, base), required: scalar(true, item.at) }, item.at);
    return changeEntry(item, 'path', (path) => pathNode(path, base));
  });
  return list(items, files.at, files.tag);
}

function ulimits(node: Tree): Tree {
  if (node.kind !== 'map') return node;
  return mapValues(node, (value) =>
    value.kind === 'scalar' && value.value !== null ? mapOf({ soft: value, hard: value }, value.at) : value,
  );
}

function device(item: Tree): Tree {
  if (item.kind !== 'scalar') return item;
  const [source = '', target = source, permissions = 'rwm', more] = item.text.split(':');
  if (more !== undefined || source === '') {
    throw problemAt(item.at, `invalid device '${item.text}': use SOURCE[:TARGET[:PERMISSIONS]]`);
  }
  const parts = { source, target, permissions };
  return mapOf(Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, scalar(value, item.at)])), item.at);
}

function hooks(node: Tree): Tree {
  if (node.kind !== 'list') return node;
  const items = node.items.map((item) =>
    changeEntry(changeEntry(item, 'command', words), 'environment', (environment) => keyValues(environment)),
  );
  return list(items, node.at, node.tag);
}

function build(node: Tree, base: string): Tree {
  let result: Tree = node.kind === 'scalar' ? mapOf({ context: node }, node.at) : node;
  if (result.kind !== 'map') return result;
  for (const key of ['args', 'labels', 'extra_hosts', 'additional_contexts', 'ssh', 'ulimits'] as const) {
    result = changeEntry(result, key, buildField(key));
  }
  for (const key of ['cache_from', 'cache_to', 'tags', 'platforms', 'entitlements', 'no_cache_filter'] as const) {
    result = changeEntry(result, key, toList);
  }
  result = changeEntry(result, 'secrets', references);
  const contextPath = (value: Tree): Tree =>
    value.kind === 'scalar' && !isRemoteContext(value.text) ? pathNode(value, base) : value;
  result = changeEntry(result, 'additional_contexts', (contexts) =>
    contexts.kind === 'map' ? mapValues(contexts, contextPath) : contexts,
  );
  return changeEntry(result, 'context', contextPath);
}

function buildField(
  key: 'args' | 'labels' | 'extra_hosts' | 'additional_contexts' | 'ssh' | 'ulimits',
): (node: Tree) => Tree {
  if (key === 'extra_hosts') return extraHosts;
  if (key === 'ulimits') return ulimits;
  return (node) => keyValues(key === 'ssh' ? toList(node) : node);
}

function develop(node: Tree, base: string): Tree {
  return changeEntry(node, 'watch', (rules) => {
    if (rules.kind !== 'list') return rules;
    const items = rules.items.map((rule) => {
      const path = changeEntry(rule, 'path', (value) => pathNode(value, base));
      const exec = changeEntry(path, 'exec', (hook) => changeEntry(hook, 'command', words));
      return changeEntry(changeEntry(exec, 'ignore', toList), 'include', toList);
    });
    return list(items, rules.at, rules.tag);
  });
}

/** A top-level `secrets` or `configs` entry with an absolute file. */
export function canonicalFileObject(node: Tree, base: string): Tree {
  return externalName(
    changeEntry(
      changeEntry(node, 'file', (file) => pathNode(file, base)),
      'labels',
      (labels) => keyValues(labels),
    ),
  );
}

/** A top-level volume or network. A local volume that binds a directory has an absolute device. */
export function canonicalResource(node: Tree, base: string): Tree {
  const labelled = externalName(changeEntry(node, 'labels', (labels) => keyValues(labels)));
  const options = get(labelled, 'driver_opts');
  const isBind = /(^|,)r?bind(,|$)/.test(textOf(options, 'o') ?? '');
  if (!isBind || (textOf(labelled, 'driver') ?? 'local') !== 'local') return labelled;
  return changeEntry(labelled, 'driver_opts', (opts) =>
    changeEntry(opts, 'device', (device_) => pathNode(device_, base)),
  );
}

/** `external: {name: x}` of old files as `external: true` and `name: x`. */
function externalName(node: Tree): Tree {
  const external = get(node, 'external');
  if (external?.kind !== 'map') return node;
  const named = withEntry(node, 'external', scalar(true, external.at));
  const name = get(external, 'name');
  return name ? withEntry(named, 'name', name) : named;
}

/** `include` in the long syntax: a list of maps with lists of absolute paths. */
export function canonicalInclude(node: Tree, base: string): Tree {
  const all = node.kind === 'list' ? node : list([node], node.at);
  const absoluteList = (paths: Tree): Tree => {
    const many = toList(paths);
    return many.kind === 'list' ? { ...many, items: many.items.map((path) => pathNode(path, base)) } : many;
  };
  const items = all.items.map((item): Tree => {
    const long = item.kind === 'scalar' ? mapOf({ path: item }, item.at) : item;
    const paths = changeEntry(changeEntry(long, 'path', absoluteList), 'env_file', absoluteList);
    return changeEntry(paths, 'project_directory', (directory) => pathNode(directory, base));
  });
  return list(items, all.at, all.tag);
}

const SECTIONS: Readonly<Record<string, Change>> = {
  services: canonicalService,
  networks: canonicalResource,
  volumes: canonicalResource,
  secrets: canonicalFileObject,
  configs: canonicalFileObject,
};

/** A whole file in the long syntax of everything. Throws invalid-argument with the place of what cannot be read. */
export function canonicalFile(node: Tree, base: string): Tree {
  if (node.kind !== 'map') return node;
  return mapValues(node, (value, key) => {
    if (key === 'include' && !isNull(value)) return canonicalInclude(value, base);
    const change = Object.hasOwn(SECTIONS, key) ? SECTIONS[key] : undefined;
    if (!change || isNull(value)) return value;
    if (value.kind !== 'map') throw problemAt(value.at, `${key} is a map, found ${describe(value)}`);
    const entries = [...value.entries].map(([name, entry]): [string, Entry] => [
      name,
      { at: entry.at, value: change(entry.value, base) },
    ]);
    return map(entries, value.at, value.tag);
  });
}
