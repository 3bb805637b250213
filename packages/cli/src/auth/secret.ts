import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { rawTerminal } from '../stream/terminal.ts';

const ENTER = new Set([10, 13]);
const CTRL_C = 3;
const CTRL_D = 4;
const ERASE = new Set([8, 127]);

/** Ask for a secret on the terminal; what is typed is not shown. */
export async function readSecret(context: Context, prompt: string): Promise<string> {
  context.stdout.write(prompt);
  using _raw = rawTerminal();
  const bytes: number[] = [];
  try {
    for await (const chunk of process.stdin) {
      for (const byte of chunk as Uint8Array) {
        if (byte === CTRL_C) throw new ExitError(130);
        if (ENTER.has(byte) || byte === CTRL_D) return Buffer.from(bytes).toString('utf8');
        if (ERASE.has(byte)) bytes.pop();
        else bytes.push(byte);
      }
    }
  } finally {
    context.stdout.write('\r\n');
  }
  return Buffer.from(bytes).toString('utf8');
}
