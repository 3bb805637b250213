import { type HostileCase, LONG, refused } from './hostile-case.ts';

const CREATE = { Image: 'busybox', Cmd: ['true'] };
const RULE = /Invalid container name .*only \[a-zA-Z0-9\]\[a-zA-Z0-9_.-\]\+ are allowed|Invalid container name/i;

/** Names of containers that must not come to be. */
const badNames: readonly (readonly [string, string])[] = [
  ['a parent directory', '../x'],
  ['an absolute path', '/etc/passwd'],
  ['two slashes', '//x'],
  ['NUL', 'a\0b'],
  ['a newline', 'a\nb'],
  ['unicode', 'größe'],
  ['an emoji', '🐳🐳'],
  ['a right-to-left mark', 'a\u202eb'],
  ['300 letters', LONG],
  ['a space', 'a b'],
  ['a single dot', '.'],
  ['two dots', '..'],
  ['a leading dash', '-rf'],
  ['a shell command', '$(reboot)'],
  ['a colon', 'a:b'],
  ['a per cent sign', '%2e%2e'],
];

/** Ids and names by which nothing may be found. */
const absent: readonly (readonly [string, string])[] = [
  ['a parent directory', '..%2f..%2fetc'],
  ['an empty prefix of an id', '%20'],
  ['300 letters', LONG],
  ['a wild card', '*'],
  ['an SQL string', `x'%20OR%20'1'='1`],
  ['a prototype’s key', '__proto__'],
  ['constructor', 'constructor'],
  ['64 hex digits that are no id', 'f'.repeat(64)],
  ['unicode', '%F0%9F%90%B3'],
];

export const NAME_CASES: readonly HostileCase[] = [
  ...badNames.map(([what, name]) =>
    refused(`container name: ${what}`, `POST /containers/create?name=${encodeURIComponent(name)}`, 400, RULE, CREATE),
  ),
  refused(
    'container name: already taken',
    'POST /containers/create?name=victim',
    409,
    /victim.* already in use/,
    CREATE,
  ),
  refused('rename: a parent directory', 'POST /containers/victim/rename?name=..%2Fx', 400, RULE),
  refused('rename: nothing', 'POST /containers/victim/rename?name=', 400, /name/),
  refused('rename: no parameter', 'POST /containers/victim/rename', 400, /name/),
  refused('rename: its own name', 'POST /containers/victim/rename?name=victim', 400, /same name as its current/),
  ...absent.map(([what, id]) =>
    refused(`container id: ${what}`, `GET /containers/${id}/json`, 404, /no such container/i),
  ),
  ...absent.map(([what, id]) => refused(`network id: ${what}`, `GET /networks/${id}`, 404, /network .*not found/i)),
  ...absent.map(([what, id]) => refused(`volume name: ${what}`, `GET /volumes/${id}`, 404, /no such volume/i)),
  ...absent.map(([what, id]) => refused(`exec id: ${what}`, `GET /exec/${id}/json`, 404, /no such exec/i)),
  refused('container id: NUL', 'GET /containers/a%00b/json', 400, /NUL/),
  refused('removing by the empty prefix', 'DELETE /containers/%20?force=1', 404, /no such container/i),
];
