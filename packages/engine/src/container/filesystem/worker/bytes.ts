/**
 * Names in a container are bytes, not text: a name that is no UTF-8 must be found, made and removed like any other. Inside
 * this folder they are "byte strings", one character (0–255) for each byte, which compare and split as strings do.
 */
export type ByteString = string;

export function toByteString(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** For people and for JSON; bytes that are no UTF-8 become replacement characters. */
export function toText(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * The path of a name in an open directory. The kernel starts at the directory that the descriptor holds, whatever has become
 * of its own path meanwhile, and in the mount namespace that the descriptor was opened through.
 */
export function at(directory: number, name: ByteString): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, 'latin1');
}

/** The path of what a descriptor holds, itself: system calls on it follow nothing further. */
export function itself(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The parts of a path, without empty ones and `.`. */
export function components(path: ByteString): ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
