const REMOTE = /^(?:https?:\/\/|git:\/\/|git@|github\.com\/|ssh:\/\/)/;

/** Whether a build's context is one that the daemon fetches. */
export function isRemoteContext(place: string): boolean {
  return REMOTE.test(place);
}
