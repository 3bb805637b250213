/** A container, network or volume name, or an exec id, as one segment of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** An image reference inside a path: its slashes and colons stay, as Docker's clients send them. */
export function imageSegment(reference: string): string {
  return encodeURIComponent(reference).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');
}
