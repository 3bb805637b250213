import assert from 'node:assert/strict';
import { exec } from '@pouch/base';
import type { TestDaemon } from '../../harness/test-daemon.ts';

/** Run inside the network namespace of a container: garbage over UDP and TCP to the embedded DNS server. */
const SENDER = `
const { createSocket } = require('node:dgram');
const { connect } = require('node:net');
const { randomBytes } = require('node:crypto');
const question = Buffer.from('000101000001000000000000', 'hex');
const shapes = [
  Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(11), Buffer.alloc(12), Buffer.alloc(12, 0xff), question,
  Buffer.concat([question, Buffer.from('c00c00010001', 'hex')]),
  Buffer.concat([question, Buffer.from('c00ec00c00010001', 'hex')]),
  Buffer.concat([question, Buffer.alloc(300, 63)]),
  Buffer.concat([question, Buffer.from('4061', 'hex')]),
  Buffer.concat([Buffer.from('0001818000010000', 'hex'), Buffer.alloc(40)]),
  Buffer.concat([Buffer.from('0001010000ff00ff00ff00ff', 'hex'), randomBytes(500)]),
];
const udp = createSocket('udp4');
const sockets = [];
(async () => {
  for (let round = 0; round < 400; round += 1) {
    const packet = round % 2 ? randomBytes(1 + (round * 37) % 1400) : shapes[(round / 2) % shapes.length];
    await new Promise((done) => udp.send(packet, 53, '10.213.7.1', done));
  }
  for (let round = 0; round < 20; round += 1) {
    const socket = connect(53, '10.213.7.1');
    socket.on('error', () => {});
    socket.write(round % 3 ? Buffer.from([0xff, 0xff, 1, 2, 3]) : Buffer.concat([Buffer.from([0, 12]), Buffer.alloc(12, 0xff)]));
    sockets.push(socket);
  }
  await new Promise((done) => setTimeout(done, 300));
  for (const socket of sockets) socket.destroy();
  udp.close();
})();
`;

/** Names are still found after it. */
export async function dnsGarbage(daemon: TestDaemon): Promise<void> {
  const inspect = (await daemon.ok('GET', '/containers/resolver/json')).json as { State: { Pid: number } };
  await exec('nsenter', ['-t', String(inspect.State.Pid), '-n', process.execPath, '-e', SENDER]);
  const found = await daemon.pouch(['exec', 'resolver', 'nslookup', 'resolver']);
  assert.match(found.stdout, /Name:\s+resolver\s+Address[^\n]*10\.213\.7\.\d+/);
}
