import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool } from './address-pool.ts';
import { formatCidr, formatIp, parseCidr, parseIp, requireCidr, requireIp, reverseName } from './ip-address.ts';
import { macFor, requireMac } from './mac-address.ts';
import { allocateSubnet, checkOverlap, DEFAULT_ADDRESS_POOLS } from './subnet-allocator.ts';

const cidr = (text: string) => requireCidr(text, 'subnet');
const ip = (text: string) => requireIp(text, 'address');

test('addresses keep their value through text', () => {
  for (const text of [
    '0.0.0.0',
    '172.17.0.2',
    '255.255.255.255',
    '::',
    '::1',
    'fd00:1::2',
    '2001:db8::1:0:0:1',
    '1:2:3:4:5:6:7:8',
  ]) {
    assert.equal(formatIp(ip(text)), text);
  }
  assert.equal(formatIp(ip('2001:0DB8:0:0:0:0:0:0')), '2001:db8::');
  assert.equal(formatIp(ip('::ffff:1.2.3.4')), '::ffff:102:304');
  for (const text of ['', '1.2.3', '1.2.3.256', 'fe80::1%eth0', 'x', '1.2.3.4/8'])
    assert.equal(parseIp(text), undefined);
  assert.equal(formatCidr(cidr('172.17.5.6/16')), '172.17.0.0/16');
  for (const text of ['1.2.3.4', '1.2.3.4/33', '::/129', '1.2.3.4/', '/8']) assert.equal(parseCidr(text), undefined);
  assert.equal(reverseName(ip('1.2.3.4')), '4.3.2.1.in-addr.arpa');
});

test('a pool gives host addresses only, in turn, and an address let go as late as possible', () => {
  const pool = new AddressPool(cidr('10.0.0.0/29'), { reserved: [ip('10.0.0.1')] });
  assert.equal(pool.free, 5);
  const first = pool.allocate();
  assert.equal(formatIp(first), '10.0.0.2');
  pool.release(first);
  assert.equal(formatIp(pool.allocate()), '10.0.0.3');
  for (const last of ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']) assert.equal(formatIp(pool.allocate()), last);
  assert.throws(() => pool.allocate(), /no available IPv4 addresses/);
  assert.throws(() => pool.reserve(ip('10.0.0.2')), /Address already in use/);
  assert.throws(() => pool.reserve(ip('10.0.1.2')), /does not belong/);
});

test('a range limits what is given but not what may be asked for', () => {
  const pool = new AddressPool(cidr('10.0.0.0/16'), { range: cidr('10.0.5.0/30') });
  assert.equal(formatIp(pool.allocate()), '10.0.5.0');
  pool.reserve(ip('10.0.9.9'));
  assert.equal(pool.free, 3);
});

test('subnets avoid networks and routes of the host', () => {
  const taken = [cidr('172.17.0.0/16'), cidr('172.18.4.0/24')];
  assert.equal(formatCidr(allocateSubnet(4, DEFAULT_ADDRESS_POOLS, taken, 'x')), '172.19.0.0/16');
  const wide = [cidr('172.16.0.0/12')];
  assert.equal(formatCidr(allocateSubnet(4, DEFAULT_ADDRESS_POOLS, wide, 'x')), '192.168.0.0/20');
  assert.throws(
    () => allocateSubnet(4, [{ base: '10.0.0.0/24', size: 25 }], [cidr('10.0.0.0/8')], 'x'),
    /fully subnetted/,
  );
  const v6 = allocateSubnet(6, DEFAULT_ADDRESS_POOLS, [], 'host');
  assert.match(formatCidr(v6), /^fd.*\/64$/);
  assert.notEqual(formatCidr(allocateSubnet(6, DEFAULT_ADDRESS_POOLS, [v6], 'host')), formatCidr(v6));
  assert.throws(() => checkOverlap(cidr('172.17.3.0/24'), taken), /Pool overlaps with other one/);
});

test('hardware addresses come from the IPv4 address, and bad ones are refused', () => {
  assert.equal(macFor(ip('172.17.0.2')), '02:42:ac:11:00:02');
  assert.match(macFor(undefined), /^.[26ae](:..){5}$/);
  assert.equal(requireMac('02-42-AC-11-00-09'), '02:42:ac:11:00:09');
  for (const bad of ['', '02:42', '01:00:5e:00:00:01', '00:00:00:00:00:00', 'zz:42:ac:11:00:09']) {
    assert.throws(() => requireMac(bad), /MAC address/);
  }
});
