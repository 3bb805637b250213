import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { ROOT } from '../../scripts/build/inputs.ts';
import { BUNDLES } from './bundle-tests.ts';

const PLACE = new RegExp(`(?:file://)?\\S*/${BUNDLES.replace('.', '\\.')}/(\\S+\\.mjs):(\\d+):(\\d+)`, 'g');

/** A text in which places in bundles are places in the sources. `tree`: where the bundles and their maps are. */
export function sourceLines(text: string, tree: string): string {
  return text.replaceAll(PLACE, (place, bundle: string, line: string, column: string) => {
    const file = join(tree, BUNDLES, `${bundle}.map`);
    const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry)) return place;
    const source = relative(ROOT, resolve(dirname(file), entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}
