/** A reference taken apart, in the short form that people use: `busybox`, `localhost:5000/a/b`. */
export interface Reference {
  readonly name: string;
  readonly tag: string;
  readonly digest: string;
}

/** Split NAME[:TAG][@DIGEST]; the daemon judges whether its parts are allowed. */
export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at < 0 ? '' : text.slice(at + 1);
  const rest = at < 0 ? text : text.slice(0, at);
  const colon = rest.lastIndexOf(':');
  if (colon < 0 || rest.slice(colon).includes('/')) return { name: rest, tag: '', digest };
  return { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

/** As people write it, with the tag that is meant: `busybox` is `busybox:latest`. */
export function familiarName(text: string): string {
  const { tag, digest } = parseReference(text);
  return tag || digest ? text : `${text}:latest`;
}

/** The server name of Docker Hub, as its credentials are filed. */
export const DOCKER_HUB = 'https://index.docker.io/v1/';

/** The registry under which credentials for this image are filed. */
export function registryOf(reference: string): string {
  const { name } = parseReference(reference);
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost || first === 'docker.io' || first === 'index.docker.io') return DOCKER_HUB;
  return first;
}
