import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { PouchError } from '@pouch/base';

const UDP_TIMEOUT_MS = 2500;
const TCP_TIMEOUT_MS = 5000;
const MAX_CONCURRENT = 1024;

export interface UpstreamServer {
  readonly address: string;
  /** Default 53. */
  readonly port?: number;
}

/**
 * Pass questions on as they are, bytes for bytes (EDNS, DNSSEC and types we do not know travel through). Each goes out
 * from a port of its own under an id of its own, so that an answer cannot be forged from outside.
 */
export class Upstream {
  #active = 0;

  /** The answer of the first server that gives one, tried in order, twice. Throws `unavailable` when none does. */
  async ask(message: Buffer, servers: readonly UpstreamServer[], overTcp: boolean): Promise<Buffer> {
    if (this.#active >= MAX_CONCURRENT) throw new PouchError('unavailable', 'Too many DNS questions at once.');
    this.#active += 1;
    try {
      for (let round = 0; round < 2; round += 1) {
        for (const server of servers) {
          const answer = await (overTcp ? askTcp(message, server) : askUdp(message, server)).catch(() => undefined);
          if (answer) return answer;
        }
      }
      throw new PouchError('unavailable', 'No upstream DNS server answered.');
    } finally {
      this.#active -= 1;
    }
  }
}

async function askUdp(message: Buffer, server: UpstreamServer): Promise<Buffer | undefined> {
  const id = randomInt(0x10000);
  const socket = createSocket(server.address.includes(':') ? 'udp6' : 'udp4');
  try {
    return await new Promise<Buffer | undefined>((resolve, reject) => {
      const timer = setTimeout(() => resolve(undefined), UDP_TIMEOUT_MS);
      socket.once('close', () => clearTimeout(timer));
      socket.on('error', reject);
      socket.on('message', (answer) => {
        if (isAnswerTo(answer, message, id)) resolve(withId(answer, message.readUInt16BE(0)));
      });
      const fail = (error?: Error | null): void => {
        if (error) reject(error);
      };
      // The callback gets the error where the address cannot be reached.
      socket.connect(server.port ?? 53, server.address, (error?: Error) => {
        if (error) fail(error);
        else socket.send(withId(message, id), fail);
      });
    });
  } finally {
    socket.close();
  }
}

async function askTcp(message: Buffer, server: UpstreamServer): Promise<Buffer | undefined> {
  const socket = connect({ host: server.address, port: server.port ?? 53, timeout: TCP_TIMEOUT_MS });
  const id = randomInt(0x10000);
  try {
    return await new Promise<Buffer | undefined>((resolve, reject) => {
      let received = Buffer.alloc(0);
      socket.on('error', reject);
      socket.on('timeout', () => resolve(undefined));
      socket.on('close', () => resolve(undefined));
      socket.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
        const answer = received.subarray(2, 2 + received.readUInt16BE(0));
        resolve(isAnswerTo(answer, message, id) ? withId(answer, message.readUInt16BE(0)) : undefined);
      });
      socket.write(frame(withId(message, id)));
    });
  } finally {
    socket.destroy();
  }
}

/** DNS over TCP puts the length before each message (RFC 1035, 4.2.2). */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function withId(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** Same id, marked as an answer, and about the question that was asked. */
function isAnswerTo(answer: Buffer, question: Buffer, id: number): boolean {
  if (answer.length < 12 || answer.readUInt16BE(0) !== id || (answer.readUInt16BE(2) & 0x8000) === 0) return false;
  const end = endOfQuestion(question);
  const asked = question.subarray(12, end).toString('latin1').toLowerCase();
  return answer.readUInt16BE(4) === 0 || answer.subarray(12, end).toString('latin1').toLowerCase() === asked;
}

function endOfQuestion(message: Buffer): number {
  let at = 12;
  while (at < message.length && message[at] !== 0) at += (message[at] as number) + 1;
  return Math.min(at + 5, message.length);
}
