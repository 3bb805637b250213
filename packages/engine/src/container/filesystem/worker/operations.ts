import { closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, readSync, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';
import { at, type ByteString, itself, toByteString, toText } from './bytes.ts';
import { ConfinedWalk, lookupError, type Place } from './confined-walk.ts';
import { findSources } from './copy-sources.ts';
import { findTarget, makeDirectories } from './copy-target.ts';
import { Extractor } from './extractor.ts';
import { hashPaths } from './hash-tree.ts';
import { packLayer } from './pack-layer.ts';
import { archiveStat } from './path-stat.ts';
import type { Operations } from './protocol.ts';
import { TarReader } from './tar-reader.ts';
import { compareTrees } from './tree-changes.ts';

/** More than any real user database. */
const MAX_TEXT = 16 * 1024 * 1024;

/** All that is done in a container's file system, on a thread that nobody else waits for. */
export class FileOperations implements Operations {
  /** What is open until `release`, or for the archive being extracted. */
  #place: Place | undefined;
  #walk: ConfinedWalk | undefined;
  #shownPath = '/';
  #extraction: { readonly reader: TarReader; readonly extractor: Extractor } | undefined;

  stat: Operations['stat'] = ({ root, path }) => {
    using walk = new ConfinedWalk(root);
    using place = existing(walk, path, false);
    return archiveStat(path, place, walk);
  };

  openSource: Operations['openSource'] = ({ root, path, listed, follow }) => {
    using walk = new ConfinedWalk(root);
    const place = this.#hold(existing(walk, path, follow ?? false));
    const stat = archiveStat(path, place, walk);
    const isDirectory = place.stat?.isDirectory() ?? false;
    const directory = isDirectory ? (place.descriptor as number) : place.parent;
    const members = listed ? readdirSync(itself(directory), { encoding: 'latin1' }) : [isDirectory ? '.' : place.name];
    return { stat, directory, members };
  };

  release: Operations['release'] = () => {
    this.#place?.[Symbol.dispose]();
    this.#place = undefined;
  };

  removeFile: Operations['removeFile'] = ({ root, path }) => {
    using walk = new ConfinedWalk(root);
    using place = walk.walk(toByteString(path), { followLast: false });
    if (place.descriptor !== undefined && !place.stat?.isDirectory()) unlinkSync(at(place.parent, place.name));
  };

  readText: Operations['readText'] = ({ root, path, limit = MAX_TEXT }) => {
    using walk = new ConfinedWalk(root);
    using place = walk.walk(toByteString(path), { followLast: true });
    if (place.descriptor === undefined || !place.stat?.isFile()) return undefined;
    // Known to be a regular file: opening what the descriptor holds cannot block.
    const file = openSync(itself(place.descriptor), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = fstatSync(file);
      if (size > limit) throw new PouchError('too-large', `${path} has more than ${limit} bytes.`);
      const buffer = Buffer.alloc(size);
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, size, 0));
    } finally {
      closeSync(file);
    }
  };

  openMountPoint: Operations['openMountPoint'] = ({ root, path, directory }) => {
    using walk = new ConfinedWalk(root);
    const place = this.#hold(walk.walk(toByteString(path), { followLast: true, makeParents: true }));
    if (place.descriptor === undefined) {
      make(place.parent, place.name, directory);
      this.release({});
      this.#hold(existing(walk, path, true));
    }
    const { descriptor, stat } = this.#place as Place;
    if (stat?.isDirectory() !== directory || stat?.isSymbolicLink()) {
      throw new PouchError(
        'invalid-argument',
        `'${path}' is not a ${directory ? 'directory' : 'file'}: nothing can be mounted on it.`,
      );
    }
    return { descriptor: descriptor as number };
  };

  changes: Operations['changes'] = (request) => compareTrees(request);

  findSources: Operations['findSources'] = ({ root, sources }) => findSources(root, sources);
  hashPaths: Operations['hashPaths'] = ({ root, paths }) => hashPaths(root, paths);
  findTarget: Operations['findTarget'] = ({ root, path }) => findTarget(root, path);
  makeDirectories: Operations['makeDirectories'] = ({ root, path, owner, mode }) =>
    makeDirectories(root, path, owner, mode);
  packLayer: Operations['packLayer'] = async (request) => await packLayer(request);

  extractBegin: Operations['extractBegin'] = ({ root, path }) => {
    this.reset();
    this.#walk = new ConfinedWalk(root);
    this.#shownPath = path;
    const place = this.#hold(existing(this.#walk, path, true));
    if (!place.stat?.isDirectory()) {
      throw new PouchError('invalid-argument', 'extraction point is not a directory');
    }
    return { resolved: toText(`/${place.names.join('/')}`) };
  };

  extractStart: Operations['extractStart'] = (options) => {
    if (!this.#place || !this.#walk) throw new PouchError('internal', 'No extraction was begun.');
    const extractor = new Extractor(this.#walk, this.#place.names, { ...options, shownPath: this.#shownPath });
    this.release({});
    this.#extraction = { extractor, reader: new TarReader(extractor) };
  };

  extractChunk: Operations['extractChunk'] = ({ bytes }) => {
    this.#current().reader.write(bytes);
  };

  extractEnd: Operations['extractEnd'] = () => {
    const { reader, extractor } = this.#current();
    reader.close();
    extractor.finish();
    this.reset();
    return { warnings: extractor.warnings, attributes: extractor.attributes };
  };

  /** Close whatever is open, after a failure too. */
  reset(): void {
    this.release({});
    this.#extraction?.extractor[Symbol.dispose]();
    this.#extraction = undefined;
    this.#walk?.[Symbol.dispose]();
    this.#walk = undefined;
  }

  #current(): { readonly reader: TarReader; readonly extractor: Extractor } {
    if (!this.#extraction) throw new PouchError('internal', 'No archive is being extracted.');
    return this.#extraction;
  }

  #hold(place: Place): Place {
    this.release({});
    this.#place = place;
    return place;
  }
}

function existing(walk: ConfinedWalk, path: string, followLast: boolean): Place {
  const place = walk.walk(toByteString(posix.isAbsolute(path) ? path : `/${path}`), { followLast });
  if (place.descriptor !== undefined) return place;
  place[Symbol.dispose]();
  throw new PouchError('not-found', `No such file or directory: '${path}'.`);
}

function make(parent: number, name: ByteString, directory: boolean): void {
  try {
    if (directory) mkdirSync(at(parent, name), 0o755);
    else closeSync(openSync(at(parent, name), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644));
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw lookupError(error, name);
  }
}
