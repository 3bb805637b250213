/** The id or name in `container:X`; undefined for every other mode. */
export function containerOfMode(mode: string | undefined): string | undefined {
  return mode?.startsWith('container:') ? mode.slice('container:'.length) : undefined;
}

/** True when the container has a network stack of its own: neither the host's nor another container's. */
export function hasOwnNetwork(mode: string | undefined): boolean {
  return mode !== 'host' && containerOfMode(mode) === undefined;
}

/** Docker's words for the network modes that are no user-defined network. */
export function isUserNetwork(mode: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(mode) && containerOfMode(mode) === undefined;
}
