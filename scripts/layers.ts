/**
 * The layer check. Fails on an import that runs against the arrows, on a circle between files, on an import past a
 * package's door, and on a package that the table does not know.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';

/** What each package may import, tests aside. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  api: ['base'],
  linux: ['base'],
  oci: ['base'],
  grpc: ['base'],
  containerd: ['base', 'oci', 'grpc'],
  // For the supervision of a process.
  buildkit: ['base', 'grpc', 'containerd'],
  registry: ['base', 'oci'],
  engine: ['base', 'api', 'linux', 'oci', 'containerd', 'buildkit', 'registry'],
  server: ['base', 'api', 'engine'],
  client: ['base', 'api'],
  builder: ['base', 'grpc', 'api', 'client'],
  compose: ['base', 'api', 'client', 'builder'],
  cli: ['base', 'api', 'client', 'builder', 'compose'],
  pouchd: ['base', 'api', 'linux', 'oci', 'containerd', 'buildkit', 'registry', 'engine', 'server'],
};

/** Packages of which another may take types only. */
const TYPES_ONLY: Record<string, readonly string[]> = { engine: ['api'] };

const root = resolve(import.meta.dirname, '..');
const problems: string[] = [];
const graph = new Map<string, string[]>();
const IMPORT = /(?:^|\n)\s*(import|export)\s+(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

for (const file of globSync('packages/*/src/**/*.ts', { cwd: root })) {
  if (file.includes('/generated/')) continue;
  const owner = file.split('/')[1] as string;
  const allowed = MAY_IMPORT[owner];
  if (!allowed) {
    problems.push(`${file}: package '${owner}' is not in the table of scripts/layers.ts`);
    continue;
  }
  const edges: string[] = [];
  for (const match of readFileSync(resolve(root, file), 'utf8').matchAll(IMPORT)) {
    const target = (match[3] ?? match[4]) as string;
    if (target.startsWith('@pouch/')) checkPackage(file, owner, allowed, target, match[2] !== undefined);
    else if (target.startsWith('.')) checkFile(file, owner, target, edges);
  }
  if (!file.endsWith('.test.ts')) graph.set(file, edges);
}

function checkPackage(file: string, owner: string, allowed: readonly string[], target: string, isType: boolean): void {
  const [, name = '', inside] = target.split('/');
  if (inside !== undefined) problems.push(`${file}: imports ${target}, past the door of @pouch/${name}`);
  if (name === owner) problems.push(`${file}: imports its own package by name; use a relative path`);
  else if (!allowed.includes(name)) problems.push(`${file}: @pouch/${owner} may not import @pouch/${name}`);
  else if (TYPES_ONLY[owner]?.includes(name) && !isType)
    problems.push(`${file}: @pouch/${owner} may import only types from @pouch/${name}; write 'import type'`);
}

function checkFile(file: string, owner: string, target: string, edges: string[]): void {
  const path = relative(root, resolve(root, dirname(file), target));
  if (!path.startsWith(`packages/${owner}/`)) problems.push(`${file}: imports ${target}, past a package's door`);
  if (!path.includes('/generated/') && !existsSync(resolve(root, path))) problems.push(`${file}: ${target} is no file`);
  edges.push(path);
}

/** Depth-first search; a file met again on its own path closes a circle. */
function findCircles(): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) problems.push(`circle: ${[...path.slice(at), file].join(' → ')}`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
}

findCircles();
for (const problem of problems) console.error(problem);
console.log(`layers: ${graph.size} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
