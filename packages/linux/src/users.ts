import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoCode, PouchError } from '@pouch/base';
import { resolveInRoot } from './safe-path.ts';

/** Who a container's process runs as. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** The home directory from /etc/passwd, `/` where there is none. */
  readonly home: string;
  readonly username: string | undefined;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const MAX_ID = 2 ** 32 - 2;
/** More than any real user database; a hostile image cannot fill the daemon's memory. */
const MAX_DATABASE_BYTES = 16 * 1024 * 1024;

/**
 * Look up `user[:group]` (names or numbers) and extra groups in a root file system's /etc/passwd and /etc/group, as
 * `docker run --user` and `--group-add` do. Symlinks are followed inside the root only. An empty `user` is root.
 * A number needs no entry; a name must have one, else `invalid-argument`.
 */
export async function resolveUser(
  rootfs: string,
  user: string,
  extraGroups: readonly string[] = [],
): Promise<ResolvedUser> {
  const [passwdText, groupText] = await Promise.all([
    readDatabase(rootfs, '/etc/passwd'),
    readDatabase(rootfs, '/etc/group'),
  ]);
  return lookUpUser(parsePasswd(passwdText), parseGroup(groupText), user, extraGroups);
}

/** `resolveUser` on parsed databases. */
export function lookUpUser(
  passwd: readonly PasswdEntry[],
  groups: readonly GroupEntry[],
  user: string,
  extraGroups: readonly string[] = [],
): ResolvedUser {
  const [userPart, groupPart] = splitAtColon(user === '' ? '0' : user);
  const entry = findUser(passwd, userPart);
  const numeric = parseId(userPart);
  if (!entry && numeric === undefined) {
    throw new PouchError('invalid-argument', `unable to find user ${userPart}: no matching entries in passwd file`);
  }
  const uid = entry?.uid ?? (numeric as number);
  const gid =
    groupPart === undefined || groupPart === '' ? (entry?.gid ?? 0) : findGroup(groups, groupPart, 'group').gid;
  const own = new Set<number>();
  if (groupPart === undefined && entry) {
    for (const group of groups) if (group.members.includes(entry.name)) own.add(group.gid);
  }
  for (const name of extraGroups) own.add(findGroup(groups, name, 'group').gid);
  own.delete(gid);
  return {
    uid,
    gid,
    additionalGids: [...own].toSorted((a, b) => a - b),
    home: entry?.home || '/',
    username: entry?.name,
  };
}

export function parsePasswd(text: string): PasswdEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':');
    const entry = { name, uid: parseId(uid), gid: parseId(gid), home };
    return name === '' || entry.uid === undefined || entry.gid === undefined
      ? []
      : [{ name, uid: entry.uid, gid: entry.gid, home }];
  });
}

export function parseGroup(text: string): GroupEntry[] {
  return lines(text).flatMap((line) => {
    const [name = '', , gidText = '', members = ''] = line.split(':');
    const gid = parseId(gidText);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',').filter(Boolean) }];
  });
}

function findUser(passwd: readonly PasswdEntry[], wanted: string): PasswdEntry | undefined {
  const id = parseId(wanted);
  return passwd.find((entry) => entry.name === wanted) ?? passwd.find((entry) => entry.uid === id);
}

function findGroup(groups: readonly GroupEntry[], wanted: string, what: string): { readonly gid: number } {
  const id = parseId(wanted);
  const entry = groups.find((group) => group.name === wanted) ?? groups.find((group) => group.gid === id);
  if (entry) return entry;
  if (id !== undefined) return { gid: id };
  throw new PouchError('invalid-argument', `unable to find ${what} ${wanted}: no matching entries in group file`);
}

function parseId(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

function splitAtColon(text: string): [string, string | undefined] {
  const at = text.indexOf(':');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

async function readDatabase(rootfs: string, path: string): Promise<string> {
  const real = await resolveInRoot(rootfs, path);
  try {
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      if (!info.isFile()) return '';
      const buffer = Buffer.alloc(Math.min(info.size, MAX_DATABASE_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO') return '';
    throw error;
  }
}
