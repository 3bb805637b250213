import { chmodSync, chownSync, lstatSync, readdirSync, utimesSync } from 'node:fs';
import { type ByteString, type InheritJob, type Survey, type SurveyJob, WHITEOUT_PREFIX } from './protocol.ts';

/** Look through a layer's directory once. */
export function survey({ directory, since }: SurveyJob): Survey {
  const whiteouts: { directory: ByteString; name: ByteString }[] = [];
  const implied: ByteString[] = [];
  const visit = (path: ByteString): void => {
    for (const entry of readdirSync(absolute(directory, path), { withFileTypes: true, encoding: 'latin1' })) {
      if (entry.name.startsWith(WHITEOUT_PREFIX)) whiteouts.push({ directory: path, name: entry.name });
      else if (entry.isDirectory()) {
        const inside = path === '' ? entry.name : `${path}/${entry.name}`;
        // Made just now: an entry of the layer's would have given it a time.
        if (lstatSync(absolute(directory, inside)).mtimeMs >= since) implied.push(inside);
        visit(inside);
      }
    }
  };
  visit('');
  return { whiteouts, implied };
}

/**
 * Give implied directories the owner, mode and times of the topmost lower layer's that they are merged with. One that is new
 * keeps what it was made with.
 */
export function inherit({ directory, implied, lower }: InheritJob): void {
  const merged = new Map<ByteString, readonly string[]>([['', lower]]);
  /** The lower layers' directories that a path is merged with: down to the first where it is something else. */
  const mergedWith = (path: ByteString): readonly string[] => {
    const known = merged.get(path);
    if (known) return known;
    const found: string[] = [];
    for (const layer of mergedWith(parentOf(path))) {
      const stat = lstatSync(absolute(layer, path), { throwIfNoEntry: false });
      if (stat && !stat.isDirectory()) break;
      if (stat) found.push(layer);
    }
    merged.set(path, found);
    return found;
  };
  for (const path of implied) {
    const [topmost] = mergedWith(path);
    if (topmost === undefined) continue;
    const { uid, gid, mode, atimeMs, mtimeMs } = lstatSync(absolute(topmost, path));
    const target = absolute(directory, path);
    chownSync(target, uid, gid);
    chmodSync(target, mode & 0o7777);
    utimesSync(target, atimeMs / 1000, mtimeMs / 1000);
  }
}

function parentOf(path: ByteString): ByteString {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function absolute(root: string, path: ByteString): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}
