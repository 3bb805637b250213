import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, type Question } from 'dns-packet';
import type { NamedSandbox, NameTable } from './name-table.ts';

/** Seconds. Short: a container's address is only as old as its start. */
const TTL = 10;
const QR = 0x8000;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const TRUNCATED = 0x0200;
const CLASSIC_UDP_SIZE = 512;
const MAX_UDP_SIZE = 4096;

export const RCODE = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;

export interface ParsedQuery {
  readonly packet: Packet;
  readonly question: Question;
  /** The largest answer the client takes over UDP. */
  readonly udpSize: number;
  readonly hasEdns: boolean;
}

/** Parse a question; undefined for what is none (an answer, rubbish, an empty packet). */
export function parseQuery(message: Buffer): ParsedQuery | 'malformed' | 'unsupported' | undefined {
  if (message.length < 12 || (message.readUInt16BE(2) & QR) !== 0) return undefined;
  if (((message.readUInt16BE(2) >> 11) & 0xf) !== 0) return 'unsupported';
  if (message.readUInt16BE(4) !== 1) return 'malformed';
  let packet: Packet;
  try {
    packet = decode(message);
  } catch {
    return 'malformed';
  }
  const question = packet.questions?.[0];
  if (!question || question.name.length > 255) return 'malformed';
  const edns = packet.additionals?.find((record) => record.type === 'OPT');
  const offered = edns?.type === 'OPT' ? edns.udpPayloadSize : CLASSIC_UDP_SIZE;
  const udpSize = Math.min(Math.max(offered, CLASSIC_UDP_SIZE), MAX_UDP_SIZE);
  return { packet, question, udpSize, hasEdns: edns !== undefined };
}

/** Our own answer to a question, or undefined when it is for the upstream servers. */
export function answerLocally(table: NameTable, client: NamedSandbox, query: ParsedQuery): Answer[] | undefined {
  const { name, type } = query.question;
  if (type === 'PTR') {
    const target = table.reverse(client, name);
    return target === undefined ? undefined : [{ type: 'PTR', name, ttl: TTL, data: target }];
  }
  const match = table.resolve(client, name);
  if (!match) return undefined;
  if (type === 'A') return shuffle(match.ipv4).map((data) => ({ type: 'A', name, ttl: TTL, data }));
  if (type === 'AAAA') return shuffle(match.ipv6).map((data) => ({ type: 'AAAA', name, ttl: TTL, data }));
  // The name exists but has no such record: no error and no answer (RFC 2308).
  return [];
}

/** An answer as bytes. Over UDP, one that is too long is cut to nothing with the TC bit, so that the client asks by TCP. */
export function encodeAnswer(query: ParsedQuery, rcode: number, answers: Answer[], overUdp: boolean): Buffer {
  const asked = (query.packet.flags ?? 0) & RECURSION_DESIRED;
  const build = (records: Answer[], more: number): Buffer =>
    encode({
      type: 'response',
      id: query.packet.id ?? 0,
      flags: asked | RECURSION_AVAILABLE | AUTHORITATIVE_ANSWER | more | rcode,
      questions: [query.question],
      answers: records,
      additionals: query.hasEdns
        ? [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: MAX_UDP_SIZE,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ]
        : [],
    });
  const whole = build(answers, 0);
  return overUdp && whole.length > query.udpSize ? build([], TRUNCATED) : whole;
}

/** A bare error for a packet whose question cannot be repeated. */
export function encodeError(message: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(12);
  message.copy(header, 0, 0, 2);
  header.writeUInt16BE(QR | (message.readUInt16BE(2) & 0x7900) | RECURSION_AVAILABLE | rcode, 2);
  return header;
}

function shuffle<T>(items: readonly T[]): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}
