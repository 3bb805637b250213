import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import { canonicalFile } from '../canonical/service.ts';
import { problemAt, type Problems } from '../tree/problems.ts';
import { readYaml } from '../tree/read-yaml.ts';
import { list, map, type MapNode, mapValues, type ScalarNode, type Tree } from '../tree/tree.ts';
import { InterpolationError, interpolate, type Lookup } from '../variables/interpolate.ts';
import { merge } from './merge.ts';

/** More is no Compose file. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface ReadOptions {
  /** Directory to which the paths in the file are relative; without it the file's own. */
  readonly base?: string;
  readonly lookup: Lookup;
  readonly problems: Problems;
  /** Leave variables as they are written. */
  readonly noInterpolation?: boolean;
}

/** It can be read once, and is asked for twice: for the project's name and for the rest. */
let standardInput: string | undefined;

/** A file as messages name it. */
export function displayName(path: string): string {
  return path === '-' ? '(standard input)' : path;
}

/** The text of a Compose file; `-` is standard input. */
export function readComposeText(path: string): string {
  if (path === '-' && standardInput !== undefined) return standardInput;
  try {
    const bytes = readFileSync(path === '-' ? 0 : path);
    if (bytes.length > MAX_BYTES) throw new PouchError('invalid-argument', `${path} is larger than 16 MiB`);
    const text = bytes.toString('utf8');
    if (path === '-') standardInput = text;
    return text;
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT') throw new PouchError('not-found', `no such Compose file: ${path}`, { cause: error });
    if (code === undefined) throw error;
    throw new PouchError('invalid-argument', `cannot read the Compose file ${path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/** One file: read, variables replaced, in the long syntax of everything; its documents merged in order. */
export function readComposeFile(path: string, options: ReadOptions): MapNode | undefined {
  return parseComposeText(readComposeText(path), displayName(path), {
    ...options,
    base: options.base ?? dirname(path),
  });
}

/** As {@link readComposeFile}, of a text. */
export function parseComposeText(
  text: string,
  file: string,
  options: ReadOptions & { readonly base: string },
): MapNode | undefined {
  let result: Tree | undefined;
  for (const document of readYaml(text, file)) {
    const filled = options.noInterpolation ? document : interpolateTree(document, options.lookup, options.problems);
    const canonical = canonicalFile(filled, options.base);
    // A single document keeps its tags: they speak to the file before it.
    result = result ? merge(result, canonical) : canonical;
  }
  return result?.kind === 'map' ? result : undefined;
}

/** The tree with the variables in its texts replaced; keys stay as they are. */
export function interpolateTree<T extends Tree>(node: T, lookup: Lookup, problems: Problems): T {
  return walk(node, lookup, problems) as T;
}

function walk(node: Tree, lookup: Lookup, problems: Problems): Tree {
  if (node.kind === 'list') {
    return list(
      node.items.map((item) => walk(item, lookup, problems)),
      node.at,
      node.tag,
    );
  }
  if (node.kind === 'map') return mapValues(node, (value) => walk(value, lookup, problems));
  return fill(node, lookup, problems);
}

function fill(node: ScalarNode, lookup: Lookup, problems: Problems): ScalarNode {
  if (typeof node.value !== 'string' || !node.value.includes('$')) return node;
  try {
    const value = interpolate(node.value, lookup, (name) => {
      problems.warn(undefined, `The variable ${name} is not set, so that it is empty.`);
    });
    return { ...node, value, text: value };
  } catch (error) {
    if (error instanceof InterpolationError) throw problemAt(node.at, error.message);
    throw error;
  }
}

/** An empty project. */
export function emptyMap(file: string): MapNode {
  return map([], { file, line: 1, column: 1 });
}
