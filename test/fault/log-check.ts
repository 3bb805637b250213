/** The frames of Docker's raw stream, put together per stream. Each has a header of 8 bytes: stream, 0, 0, 0, length. */
export function splitStreams(bytes: Buffer): { stdout: string; stderr: string } {
  const parts: Record<number, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts[bytes[at] as number]?.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const text = (stream: number): string => Buffer.concat(parts[stream] ?? []).toString('utf8');
  return { stdout: text(1), stderr: text(2) };
}

/** Numbers from 1 on, one a line, each exactly once and in order. `least` of them must be there. */
export function checkNumbered(text: string, what: string, least: number): { problems: string[]; lines: number } {
  const lines = text.split('\n').filter((line) => line !== '');
  const problems: string[] = [];
  for (let index = 0; index < lines.length && problems.length < 3; index += 1) {
    if (lines[index] !== String(index + 1))
      problems.push(
        `${what}: line ${index + 1} is ${JSON.stringify(lines[index]?.slice(0, 40))}, after ${JSON.stringify(lines[index - 1])}`,
      );
  }
  if (lines.length < least) problems.push(`${what}: ${lines.length} lines, but ${least} were written`);
  return { problems, lines: lines.length };
}

/** The log of a container that printed `count` lines on each stream; `body` is what `logs` answered, read as Latin-1. */
export function checkFiniteLog(body: string, count: number): string[] {
  const { stdout, stderr } = splitStreams(Buffer.from(body, 'latin1'));
  const results = [checkNumbered(stdout, 'stdout', count), checkNumbered(stderr, 'stderr', count)];
  const extra = results
    .filter(({ lines }) => lines > count)
    .map(({ lines }) => `${lines} lines, but only ${count} were written`);
  return [...results.flatMap(({ problems }) => problems), ...extra];
}
