const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface EnvironmentSource {
  /** `NAME=value`, later ones win; `NAME` alone takes the variable away. */
  readonly entries: readonly string[];
  readonly hostname: string;
  readonly home: string;
  readonly tty: boolean;
}

/** The environment of a container's process: PATH, HOSTNAME, TERM (with a terminal) and HOME unless set otherwise. */
export function buildEnvironment({ entries, hostname, home, tty }: EnvironmentSource): string[] {
  const defaults = [DEFAULT_PATH, ...(hostname ? [`HOSTNAME=${hostname}`] : []), ...(tty ? ['TERM=xterm'] : [])];
  const removed = new Set<string>();
  const variables = new Map<string, string>();
  for (const entry of [...defaults, ...entries]) {
    const at = entry.indexOf('=');
    const name = at < 0 ? entry : entry.slice(0, at);
    if (at < 0) {
      variables.delete(name);
      removed.add(name);
    } else variables.set(name, entry);
  }
  if (!variables.has('HOME') && !removed.has('HOME')) variables.set('HOME', `HOME=${home}`);
  return [...variables.values()];
}
