import type { ArchiveStat } from '../../container-service.ts';
import type { CopySource } from './copy-sources.ts';
import type { CopyTarget } from './copy-target.ts';
import type { PackedLayer, PackRequest } from './pack-layer.ts';
import type { Change, TreesToCompare } from './tree-changes.ts';

/** Descriptors are numbers of this process: threads share them. One request at a time; the answer comes before the next. */
export interface Operations {
  /** What docker's stat says. */
  stat(request: { root: number; path: string }): ArchiveStat;
  /** The same, and the directory that tar is to start in, open until `release`. */
  openSource(request: { root: number; path: string; listed?: boolean; follow?: boolean }): Source;
  release(request: Record<never, never>): void;
  /** The text of a small regular file, links followed; undefined where there is none. */
  readText(request: { root: number; path: string; limit?: number }): string | undefined;
  /** Remove a file if it is there; a symlink as itself. */
  removeFile(request: { root: number; path: string }): void;
  /** A place to mount on, made where it is missing; open until `release`. */
  openMountPoint(request: { root: number; path: string; directory: boolean }): { descriptor: number };
  changes(request: TreesToCompare): Change[];
  /** What a build copies, what it hashes to, where it goes to, and the layer that comes of it. */
  findSources(request: { root: number; sources: readonly string[] }): CopySource[];
  hashPaths(request: { root: number; paths: readonly string[] }): string[];
  findTarget(request: { root: number; path: string }): CopyTarget;
  makeDirectories(request: { root: number; path: string; owner?: Owner; mode?: number }): boolean;
  packLayer(request: PackRequest): Promise<PackedLayer>;
  /** Find where an archive is to be extracted; then `extractChunk` until it ends, then `extractEnd`. */
  extractBegin(request: { root: number; path: string }): { resolved: string };
  extractStart(request: ExtractStart): void;
  extractChunk(request: { bytes: Uint8Array }): void;
  extractEnd(request: Record<never, never>): {
    warnings: readonly string[];
    /** Checksum of all extended attributes, '' where there were none. */
    attributes: string;
  };
}

export interface Source {
  readonly stat: ArchiveStat;
  /** O_PATH descriptor of the directory itself, or of the one that holds the file. */
  readonly directory: number;
  /** What to put into the archive, from there: `.`, the file's name, or with `listed` the names in it; byte strings. */
  readonly members: readonly string[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ExtractStart {
  readonly noOverwriteDirNonDir: boolean;
  readonly owner?: Owner;
  /** Permission bits of all that is made, instead of the archive's. */
  readonly mode?: number;
  /** What the first component of every name becomes. */
  readonly rename?: string;
  /** Only what a build context may hold: no devices, and no file larger than this many bytes. */
  readonly context?: { readonly largest: number };
  readonly scratch: string;
}

export type OperationName = keyof Operations;
