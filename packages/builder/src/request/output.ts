import { csvPairs, PouchError } from '@pouch/base';
import type { OutputTarget } from '../session/outputs.ts';
import type { BuildOutput } from './build-request.ts';

/** The daemon's own images. */
export const IMAGES = 'moby';

const ARCHIVES = new Set(['tar', 'oci', 'docker']);

/** Takes bytes for standard output. Asked only where an output goes there. */
export type OpenStdout = () => (bytes: Uint8Array) => Promise<void>;

/**
 * An output as Docker's clients write it: `type=TYPE,dest=PATH,KEY=VALUE…`; a path alone is a directory, `-` alone an archive on
 * standard output. Throws `invalid-argument`.
 */
export function parseOutput(text: string, stdout: OpenStdout): BuildOutput {
  const wrong = (why: string): PouchError => new PouchError('invalid-argument', `--output ${text}: ${why}`);
  const attributes: Record<string, string> = {};
  let type = '';
  let dest = '';
  const pairs = csvPairs(text);
  if (pairs.length === 1 && pairs[0]?.[1] === undefined) {
    type = text === '-' ? 'tar' : 'local';
    dest = text;
  } else {
    for (const [key, value] of pairs) {
      if (value === undefined) throw wrong(`${key} has no value`);
      if (key === 'type') type = value;
      else if (key === 'dest') dest = value;
      else attributes[key] = value;
    }
  }
  if (type === 'registry') return { type: IMAGES, attributes: { push: 'true', ...attributes } };
  if (type === 'image' || type === IMAGES) return { type: IMAGES, attributes };
  if (type === 'cacheonly') return { type, attributes };
  if (type === 'local') {
    if (dest === '' || dest === '-') throw wrong('it needs a directory: dest=PATH');
    return { type, attributes, target: { kind: 'directory', path: dest } };
  }
  if (!ARCHIVES.has(type)) throw wrong(type === '' ? 'it needs a type' : `unknown type ${type}`);
  // An archive that goes nowhere is one for the daemon to load.
  if (type === 'docker' && dest === '') return { type: IMAGES, attributes };
  if ((type === 'oci' || type === 'docker') && attributes['tar'] === 'false')
    throw wrong('only an archive can be made');
  return { type, attributes, target: fileTarget(dest, stdout) };
}

function fileTarget(dest: string, stdout: OpenStdout): OutputTarget {
  return dest === '' || dest === '-' ? { kind: 'stream', write: stdout() } : { kind: 'file', path: dest };
}
