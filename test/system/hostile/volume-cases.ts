import { type HostileCase, LONG, refused } from './hostile-case.ts';

function volume(name: string, fields: object, says: RegExp, status = 400): HostileCase {
  return refused(`volume: ${name}`, 'POST /volumes/create', status, says, { Name: 'bad', ...fields });
}

export const VOLUME_CASES: readonly HostileCase[] = [
  volume('a parent directory', { Name: '../x' }, /volume name|invalid/i),
  volume('an absolute path', { Name: '/etc' }, /volume name|invalid/i),
  volume('NUL', { Name: 'a\0b' }, /volume name|invalid/i),
  volume('a newline', { Name: 'a\nb' }, /volume name|invalid/i),
  volume('unicode', { Name: 'größe' }, /volume name|invalid/i),
  volume('300 letters', { Name: LONG }, /volume name|invalid|long/i),
  volume('one letter', { Name: 'a' }, /volume name|too short|invalid/i),
  volume('two dots', { Name: '..' }, /volume name|invalid/i),
  volume('a leading dash', { Name: '-x' }, /volume name|invalid/i),
  volume('a driver that is not there', { Driver: 'nosuch' }, /nosuch/, 404),
  volume('a driver that is a path', { Driver: '../../run/x' }, /driver|\.\.\/\.\.\/run\/x/, 404),
  volume('an unknown option', { DriverOpts: { nope: 'x' } }, /nope/),
  volume('a bind without a device', { DriverOpts: { type: 'none', o: 'bind' } }, /device/),
  volume('a bind to a relative place', { DriverOpts: { type: 'none', o: 'bind', device: 'etc' } }, /device|absolute/),
  volume('a type alone', { DriverOpts: { type: 'nfs' } }, /device/),
  volume('options with NUL', { DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1\0' } }, /NUL|option/i),
  volume('a wrong type', { DriverOpts: { type: 7 } }, /DriverOpts\.type/),
  refused('volume: removing one in use', 'DELETE /volumes/hostile', 409, /in use/),
  refused('volume: removing what is not there', 'DELETE /volumes/nosuch', 404, /no such volume/i),
  refused('volume: removing a path', 'DELETE /volumes/..%2fhostile', 404, /no such volume/i),
];
