import { type HostileCase, LONG, refused } from './hostile-case.ts';

const references: readonly (readonly [string, string])[] = [
  ['a parent directory', '../busybox'],
  ['upper case', 'BusyBox'],
  ['only a tag', ':latest'],
  ['two tags', 'busybox:a:b'],
  ['a digest too short', 'busybox@sha256:abcd'],
  ['a digest of an unknown algorithm', `busybox@md5:${'0'.repeat(32)}`],
  ['300 letters', LONG],
  ['NUL', 'busy\0box'],
  ['a newline', 'busybox\nX-Evil: 1'],
  ['a URL', 'http://registry.example/busybox'],
  ['credentials', 'user:password@registry.example/busybox'],
  ['a double slash', 'registry.example//busybox'],
  ['a port that is none', 'registry.example:port/busybox'],
  ['unicode', 'büsybox'],
  ['a tag of 200 letters', `busybox:${'a'.repeat(200)}`],
];

/** References to images, and what is done with them. */
export const IMAGE_CASES: readonly HostileCase[] = [
  ...references.map(([what, name]) =>
    refused(
      `pull: ${what}`,
      `POST /images/create?fromImage=${encodeURIComponent(name)}`,
      400,
      /invalid|repository name/,
    ),
  ),
  ...references.map(([what, name]) =>
    refused(`create from: ${what}`, 'POST /containers/create', 400, /invalid|repository name|No such image/i, {
      Image: name,
    }),
  ),
  refused('pull: an id', `POST /images/create?fromImage=${'f'.repeat(64)}`, 400, /invalid|repository name/),
  refused('pull: nothing', 'POST /images/create', 400, /fromImage or fromSrc/),
  refused('pull: a bad tag', 'POST /images/create?fromImage=busybox&tag=a/b', 400, /invalid/),
  refused('pull: a platform that is none', 'POST /images/create?fromImage=busybox&platform=a/b/c/d/e', 400, /platform/),
  refused('create: an image that is not there', 'POST /containers/create', 404, /No such image: nosuch:latest/, {
    Image: 'nosuch',
  }),
  refused('create: no image', 'POST /containers/create', 400, /image/i, { Cmd: ['true'] }),
  refused('tag: a bad repository', 'POST /images/busybox/tag?repo=..%2Fx&tag=y', 400, /invalid/),
  refused('tag: a bad tag', 'POST /images/busybox/tag?repo=x&tag=-y', 400, /invalid/),
  refused('tag: no repository', 'POST /images/busybox/tag', 400, /repo/),
  refused('tag: an image that is not there', 'POST /images/nosuch/tag?repo=x', 404, /No such image/),
  refused('tag: a digest', `POST /images/busybox/tag?repo=x@sha256:${'0'.repeat(64)}`, 400, /digest/),
  refused('inspect: a path', 'GET /images/..%2F..%2Fetc%2Fpasswd/json', 400, /invalid/),
  refused('inspect: not there', 'GET /images/nosuch/json', 404, /No such image: nosuch/),
  refused('remove: in use', 'DELETE /images/busybox', 409, /is using its referenced image/),
  refused('remove: not there', 'DELETE /images/no/such/image', 404, /No such image/),
  refused('history: not there', 'GET /images/nosuch/history', 404, /No such image/),
  refused('save: nothing', 'GET /images/get', 400, /names/),
  refused('save: not there', 'GET /images/get?names=nosuch', 404, /No such image/),
  refused('search: no term', 'GET /images/search', 400, /term/),
  refused('search: a limit below 0', 'GET /images/search?term=x&limit=-1', 400, /limit/),
  refused('search: a limit too high', 'GET /images/search?term=x&limit=100000', 400, /limit/),
  refused('import: a file', 'POST /images/create?fromSrc=file:///etc/passwd', 400, /http\(s\) URL or -/),
  refused('import: a bad name', 'POST /images/create?fromSrc=-&repo=..%2Fx', 400, /invalid/, Buffer.alloc(1024)),
  refused(
    'import: an instruction that runs',
    'POST /images/create?fromSrc=-&changes=RUN%20reboot',
    400,
    /RUN is not a valid change/,
    Buffer.alloc(1024),
  ),
  refused('commit: not there', 'POST /commit?container=nosuch', 404, /no such container/i, {}),
  refused('commit: a bad name', 'POST /commit?container=victim&repo=A%20B', 400, /invalid/, {}),
  refused(
    'commit: a bad change',
    'POST /commit?container=victim&changes=FROM%20x',
    400,
    /FROM is not a valid change/,
    {},
  ),
  refused(
    'prune: an unknown filter',
    `POST /images/prune?filters=${encodeURIComponent('{"nope":["x"]}')}`,
    400,
    /nope/,
  ),
  refused('login: no address', 'POST /auth', 400, /.{10}/, { username: 7 }),
];
