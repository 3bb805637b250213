import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** What the outcome of one build depends on: files by pattern, and facts such as the commit. */
export interface Inputs {
  readonly patterns: readonly string[];
  readonly facts: readonly string[];
}

/** The hash of every input. Tests are none: they do not get into a bundle. */
export function hashInputs(inputs: Inputs): string {
  const hash = createHash('sha256').update(JSON.stringify(inputs.facts));
  for (const file of globSync([...inputs.patterns], { cwd: ROOT }).toSorted()) {
    if (/\.(test|testkit|testsuite)\.ts$/.test(file)) continue;
    hash.update(`\0${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex');
}

/** The hash that the last build of `output` was made from. */
function stampFile(output: string): string {
  return join(dirname(output), `.${output.split('/').at(-1)}.inputs`);
}

export function isCurrent(output: string, hash: string): boolean {
  try {
    return readFileSync(stampFile(output), 'utf8') === hash;
  } catch {
    return false;
  }
}

export function markCurrent(output: string, hash: string): void {
  writeFileSync(stampFile(output), hash);
}
