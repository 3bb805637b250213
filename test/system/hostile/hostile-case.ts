/** A request that must be refused: what is sent, and what comes back. */
export interface HostileCase {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object | Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that is right. */
  readonly status: number;
  /** What the message must say, so that whoever reads it knows what to change. */
  readonly says: RegExp;
  /** The answer is plain text, as Docker's is there; else JSON with a message. */
  readonly plain?: boolean;
}

/** `line` is a method and a path: `POST /volumes/create`. */
export function refused(
  name: string,
  line: string,
  status: number,
  says: RegExp,
  body?: HostileCase['body'],
  headers?: HostileCase['headers'],
): HostileCase {
  const [method = 'GET', path = '/'] = line.split(' ');
  return { name, method, path, status, says, ...(body !== undefined && { body }), ...(headers && { headers }) };
}

/** What is called "huge" here: longer than any name may be, and short enough for a URL. */
export const LONG = 'x'.repeat(300);
