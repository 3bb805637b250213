import { readFile } from 'node:fs/promises';
import { errnoCode } from '@pouch/base';

/** The text of a control file, or undefined when the group or the file is gone. */
export async function readControl(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTDIR' || code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** One number; `max` and absence are undefined. */
export function parseNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || !/^-?\d+$/.test(trimmed)) return undefined;
  return Number(trimmed);
}

/** Lines `key value`. */
export function parseFlat(text: string | undefined): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of (text ?? '').split('\n')) {
    const [key, value] = line.trim().split(/\s+/);
    if (key && value !== undefined && /^\d+$/.test(value)) values[key] = Number(value);
  }
  return values;
}
