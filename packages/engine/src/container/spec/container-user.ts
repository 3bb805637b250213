import { lookUpUser, parseGroup, parsePasswd, type ResolvedUser } from '@pouch/linux';
import type { ProcessUser } from '@pouch/oci';
import type { RootfsReader } from './rootfs-view.ts';

/**
 * Who a process of the container runs as: `user[:group]` looked up in the container's own /etc/passwd and /etc/group.
 * A user given by number with no entry belongs to group 0. Throws invalid-argument for an unknown name.
 */
export async function resolveContainerUser(
  rootfs: RootfsReader,
  user: string,
  groupAdd: readonly string[] = [],
): Promise<ResolvedUser> {
  const [passwd, group] = await Promise.all([rootfs.readText('/etc/passwd'), rootfs.readText('/etc/group')]);
  return lookUpUser(parsePasswd(passwd ?? ''), parseGroup(group ?? ''), user, groupAdd);
}

export function toProcessUser({ uid, gid, additionalGids }: ResolvedUser, umask?: number): ProcessUser {
  // The primary group is listed too: dropping it with newgrp must not be a way round a file's group permissions.
  const groups = [gid, ...additionalGids.filter((id) => id !== gid)];
  return { uid, gid, additionalGids: groups, ...(umask !== undefined && { umask }) };
}
