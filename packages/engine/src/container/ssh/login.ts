import { PouchError } from '@pouch/base';

/** A user of a container's as login(1) sees one. */
export interface Login {
  readonly shell: string;
  readonly home: string;
}

/** Look a user up by name in a passwd file. Throws invalid-argument for one that is not there. */
export function findLogin(passwd: string, user: string): Login {
  for (const line of passwd.split('\n')) {
    const [name, , uid, , , home, shell] = line.split(':');
    if (name === user && uid !== undefined && /^\d+$/.test(uid)) {
      return { shell: shell?.startsWith('/') ? shell : '/bin/sh', home: home?.startsWith('/') ? home : '/' };
    }
  }
  // An image without any user database still has its root.
  if (passwd.trim() === '' && user === 'root') return { shell: '/bin/sh', home: '/' };
  throw new PouchError('invalid-argument', `there is no user ${user} in this container`);
}
