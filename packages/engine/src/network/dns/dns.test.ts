import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { silentLogger } from '@pouch/base';
import { type Answer, decode, encode, type RecordType } from 'dns-packet';
import { answerLocally, encodeAnswer, type ParsedQuery, parseQuery } from './dns-answers.ts';
import { DnsServer } from './dns-server.ts';
import { type NamedSandbox, NameTable } from './name-table.ts';
import { Upstream } from './upstream.ts';

function sandbox(
  id: string,
  network: string,
  ipv4: string,
  names: string[],
  more: Partial<NamedSandbox> = {},
): NamedSandbox {
  const endpoint = {
    networkId: `id-${network}`,
    networkName: network,
    ipv4,
    ipv6: undefined,
    names,
    links: new Map([['database', 'db']]),
    resolves: true,
    external: true,
  };
  return { sandboxId: id, dns: [], endpoints: [endpoint], ...more };
}

function question(name: string, type: RecordType = 'A', edns = false): Buffer {
  const additionals: Answer[] = edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1232,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ]
    : [];
  return encode({ type: 'query', id: 77, flags: 0x0100, questions: [{ type, name }], additionals });
}

function ask(table: NameTable, client: NamedSandbox, name: string, type: RecordType = 'A'): Answer[] | undefined {
  return answerLocally(table, client, parseQuery(question(name, type)) as ParsedQuery);
}

const table = new NameTable();
const web = sandbox('1', 'front', '10.0.0.2', ['web', 'www']);
const db = sandbox('2', 'front', '10.0.0.3', ['db']);
const other = sandbox('3', 'back', '10.9.0.2', ['secret']);
for (const one of [web, db, other, sandbox('4', 'front', '10.0.0.4', ['www'])]) table.set(one);

test('names, aliases, links and full names resolve on a shared network, whatever their case', () => {
  const addresses = (name: string) => ask(table, web, name)?.map((answer) => 'data' in answer && answer.data);
  assert.deepEqual(addresses('DB'), ['10.0.0.3']);
  assert.deepEqual(addresses('db.front'), ['10.0.0.3']);
  assert.deepEqual(addresses('database'), ['10.0.0.3']);
  assert.deepEqual(addresses('www')?.toSorted(), ['10.0.0.2', '10.0.0.4']);
});

test('a name that has no such record is an empty answer; one we do not know is left to others', () => {
  assert.deepEqual(ask(table, web, 'db', 'AAAA'), []);
  assert.deepEqual(ask(table, web, 'db', 'MX'), []);
  assert.equal(ask(table, web, 'nobody'), undefined);
});

test('names of networks the asker is not on are unknown to it', () => {
  assert.equal(ask(table, web, 'secret'), undefined);
  assert.equal(ask(table, web, 'secret.back'), undefined);
  assert.equal(ask(table, web, '2.0.9.10.in-addr.arpa', 'PTR'), undefined);
  assert.equal(table.client('id-back', '10.0.0.2'), undefined);
});

test('addresses are named in reverse', () => {
  const [answer] = ask(table, web, '3.0.0.10.in-addr.arpa', 'PTR') ?? [];
  assert.equal(answer && 'data' in answer && answer.data, 'db.front');
});

test('a container that left is forgotten', () => {
  const gone = sandbox('9', 'front', '10.0.0.9', ['gone']);
  table.set(gone);
  table.delete('9');
  assert.equal(ask(table, web, 'gone'), undefined);
  assert.equal(table.client('id-front', '10.0.0.9'), undefined);
});

test('an answer that does not fit is truncated over UDP and whole over TCP; EDNS is echoed', () => {
  const query = parseQuery(question('www', 'A')) as ParsedQuery;
  const many = Array.from(
    { length: 60 },
    (_, at): Answer => ({ type: 'A', name: 'www', ttl: 1, data: `10.0.0.${at}` }),
  );
  const cut = decode(encodeAnswer(query, 0, many, true));
  assert.equal(cut.flag_tc, true);
  assert.equal(cut.answers?.length, 0);
  assert.equal(decode(encodeAnswer(query, 0, many, false)).answers?.length, 60);
  const edns = parseQuery(question('www', 'A', true)) as ParsedQuery;
  const whole = decode(encodeAnswer(edns, 0, many, true));
  assert.equal(whole.answers?.length, 60);
  assert.equal(whole.additionals?.[0]?.type, 'OPT');
});

test('rubbish is no question', () => {
  assert.equal(parseQuery(Buffer.alloc(3)), undefined);
  assert.equal(parseQuery(encode({ type: 'response', id: 1, questions: [] })), undefined);
  const endless = question('a');
  endless[12] = 0xc0;
  endless[13] = 12;
  assert.equal(parseQuery(endless), 'malformed');
  assert.equal(parseQuery(Buffer.concat([question('a').subarray(0, 12), Buffer.alloc(0)])), 'malformed');
});

test('other questions go upstream and come back byte for byte, a forged answer is not taken', async () => {
  const upstream = createSocket('udp4');
  upstream.bind(0, '127.0.0.1');
  await once(upstream, 'listening');
  upstream.on('message', (message, from) => {
    const forged = Buffer.from(message);
    forged.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff, 0);
    forged.writeUInt16BE(0x8180, 2);
    upstream.send(forged, from.port, from.address);
    const asked = decode(message).questions?.[0];
    upstream.send(
      encode({
        type: 'response',
        id: message.readUInt16BE(0),
        flags: 0x0180,
        questions: asked ? [asked] : [],
        answers: [{ type: 'A', name: asked?.name ?? '', ttl: 5, data: '192.0.2.7' }],
      }),
      from.port,
      from.address,
    );
  });
  const port = upstream.address().port;
  const answer = decode(await new Upstream().ask(question('example.com'), [{ address: '127.0.0.1', port }], false));
  assert.equal(answer.id, 77);
  assert.equal(answer.answers?.length, 1);

  const names = new NameTable();
  names.set(sandbox('1', 'n', '127.0.0.1', ['me']));
  await using server = new DnsServer({
    names,
    log: silentLogger,
    hostServers: async () => [{ address: '127.0.0.1', port }],
  });
  await server.listen('id-n', '127.0.0.1', port + 1);
  const client = createSocket('udp4');
  client.send(question('example.com'), port + 1, '127.0.0.1');
  const [reply] = (await once(client, 'message')) as [Buffer];
  assert.equal(decode(reply).answers?.length, 1);
  client.close();
  upstream.close();
});
