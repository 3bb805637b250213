import { posix } from 'node:path';
import type { MountPropagation } from '../spec/mount-types.ts';
import { isPropagation } from '../spec/mount-types.ts';
import { invalid } from './invalid.ts';

/** Bytes: the kernel's PATH_MAX without the NUL at the end. */
export const LONGEST_PATH = 4095;

/** The third part of `-v source:target:mode`, read. */
export interface BindMode {
  readonly text: string;
  readonly readOnly: boolean;
  readonly propagation: MountPropagation | undefined;
  readonly noCopy: boolean;
}

export interface BindSpec {
  /** A host path (absolute), the name of a volume, or undefined for an anonymous volume. */
  readonly source: string | undefined;
  readonly target: string;
  readonly mode: BindMode;
}

/** Read one of HostConfig.Binds. Throws invalid-argument with Docker's words. */
export function parseBind(text: string): BindSpec {
  const parts = text.split(':');
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_PATH)) {
    throw invalid(`invalid volume specification: '${text.slice(0, 100)}…': a path is too long`);
  }
  if (text.includes('\0') || parts.length > 3 || parts.some((part) => part === '')) {
    throw invalid(`invalid volume specification: '${text}'`);
  }
  const [first = '', second, third] = parts;
  if (second === undefined) return { source: undefined, target: cleanTarget(first, text), mode: parseBindMode('') };
  const mode = parseBindMode(third ?? '');
  if (first.startsWith('/')) {
    if (mode.noCopy) throw invalid(`invalid volume specification: '${text}': nocopy is for volumes only`);
    return { source: posix.resolve(first), target: cleanTarget(second, text, posix.resolve(first)), mode };
  }
  if (first.startsWith('.') || first.includes('/')) {
    throw invalid(
      `create ${first}: "${first}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (mode.propagation) throw invalid(`invalid volume specification: '${text}': propagation is for host paths only`);
  return { source: first, target: cleanTarget(second, text), mode };
}

/** `ro`, `rw`, a propagation, `nocopy`, and SELinux's or macOS's words, which mean nothing here. */
export function parseBindMode(text: string): BindMode {
  let readOnly: boolean | undefined;
  let propagation: MountPropagation | undefined;
  let noCopy = false;
  const seen = new Set<string>();
  for (const word of text === '' ? [] : text.split(',')) {
    const kind = kindOf(word);
    if (kind === undefined || seen.has(kind)) throw invalid(`invalid mode: ${text}`);
    seen.add(kind);
    if (kind === 'access') readOnly = word === 'ro';
    if (kind === 'propagation') propagation = word as MountPropagation;
    if (kind === 'copy') noCopy = true;
  }
  return { text, readOnly: readOnly ?? false, propagation, noCopy };
}

function kindOf(word: string): string | undefined {
  if (word === 'ro' || word === 'rw') return 'access';
  if (word === 'z' || word === 'Z') return 'label';
  if (word === 'nocopy') return 'copy';
  if (['consistent', 'cached', 'delegated'].includes(word)) return 'consistency';
  return word !== '' && isPropagation(word) ? 'propagation' : undefined;
}

/** An absolute path in the container, without `.`, `..` and a slash at its end; never the root. */
export function cleanTarget(path: string, spec: string, source?: string): string {
  if (!path.startsWith('/') || path.includes('\0')) {
    throw invalid(`invalid volume specification: '${spec}': invalid mount path: '${path}' mount path must be absolute`);
  }
  if (Buffer.byteLength(path) > LONGEST_PATH) throw invalid(`invalid mount path: '${path.slice(0, 100)}…' is too long`);
  const clean = posix.resolve(path);
  if (clean === '/') {
    throw invalid(
      `invalid volume specification: '${spec}': invalid mount config for type "bind": invalid specification: destination can't be '/'`,
    );
  }
  refuseProc(clean, spec, source);
  return clean;
}

/** Files of /proc that may be laid over, as lxcfs does to tell a container its own limits. */
const PROC_FILES: ReadonlySet<string> = new Set(
  ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'slabinfo', 'stat', 'swaps', 'uptime', 'net/dev'].map(
    (name) => `/proc/${name}`,
  ),
);

/**
 * Nothing but the host's own /proc may lie over /proc: runtimes set a container's rights through it, and would be misled.
 * Throws invalid-argument.
 */
export function refuseProc(target: string, spec: string, source?: string): void {
  if (source === '/proc' && target === '/proc') return;
  if ((target !== '/proc' && !target.startsWith('/proc/')) || PROC_FILES.has(target)) return;
  throw invalid(
    `invalid mount '${spec}': nothing can be mounted over ${target}; choose a destination outside of /proc`,
  );
}
