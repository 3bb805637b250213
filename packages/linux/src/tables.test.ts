import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityNames } from './capabilities.ts';
import { parseNetDev } from './interface-counters.ts';
import { parseSocketTable } from './ports.ts';
import { sysctlPath } from './sysctl.ts';

test('socket tables give listening TCP and bound UDP ports', () => {
  const tcp = `  sl  local_address rem_address   st
   0: 0100007F:1F90 00000000:0000 0A 0
   1: 0100007F:0016 0100007F:9C40 01 0
`;
  assert.deepEqual(parseSocketTable(tcp, 'tcp'), [{ protocol: 'tcp', address: '127.0.0.1', port: 8080 }]);
  const udp6 = `  sl  local_address
   0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07
`;
  assert.deepEqual(parseSocketTable(udp6, 'udp'), [{ protocol: 'udp', address: '::', port: 53 }]);
});

test('capability masks become names', () => {
  assert.deepEqual(capabilityNames('0000000000000401'), ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE']);
});

test('interface counters leave out loopback', () => {
  const text = `Inter-|   Receive
 face |bytes
    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0
  eth0: 10 2 0 1 0 0 0 0 20 3 4 5 0 0 0 0
`;
  assert.deepEqual(parseNetDev(text), {
    eth0: {
      rxBytes: 10,
      rxPackets: 2,
      rxErrors: 0,
      rxDropped: 1,
      txBytes: 20,
      txPackets: 3,
      txErrors: 4,
      txDropped: 5,
    },
  });
});

test('a kernel parameter cannot name a file elsewhere', () => {
  assert.equal(sysctlPath('net.ipv4.ip_forward'), '/proc/sys/net/ipv4/ip_forward');
  assert.equal(sysctlPath('net/ipv4/conf/eth0.1/forwarding'), '/proc/sys/net/ipv4/conf/eth0.1/forwarding');
  assert.throws(() => sysctlPath('net/../../etc/passwd'), /not the name/);
});
