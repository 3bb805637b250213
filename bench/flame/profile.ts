import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Line and column count from 0. */
interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Where a process' own time went: the functions with the most of it, without what they called; milliseconds. */
export function topFunctions(file: string, count: number): { readonly name: string; readonly ms: number }[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const maps = new Map<string, SourceMap | undefined>();
  const names = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame, maps)]));
  const total = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    // A sample's time runs until the next one.
    total.set(name, (total.get(name) ?? 0) + (timeDeltas[index + 1] ?? 0) / 1000);
  });
  return [...total]
    .filter(([name]) => name !== '(idle)')
    .map(([name, ms]) => ({ name, ms }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, count);
}

/** A function's name and where it stands in the sources; in the bundle, where there is no map of it. */
function describe(
  { functionName, url, lineNumber, columnNumber }: CallFrame,
  maps: Map<string, SourceMap | undefined>,
): string {
  const name = functionName || '(anonymous)';
  if (!url) return name;
  if (!maps.has(url)) maps.set(url, mapOf(url));
  const entry = maps.get(url)?.findEntry(lineNumber, columnNumber);
  return entry && 'originalSource' in entry
    ? `${name}  ${entry.originalSource.replace(/^(\.\.\/)+/, '')}:${entry.originalLine + 1}`
    : `${name}  ${basename(url)}:${lineNumber + 1}`;
}

function mapOf(url: string): SourceMap | undefined {
  const file = url.startsWith('file:') ? `${fileURLToPath(url)}.map` : '';
  return existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}
