import { readFileSync } from 'node:fs';
import { errnoCode, errorMessage } from '@pouch/base';

/** `-e` and `--env-file`: files first. A name alone takes its value from our own environment. */
export function readEnvironment(files: readonly string[], values: readonly string[]): string[] {
  const fromFiles = files.flatMap((file) => readKeyValueFile(file, true));
  const given = values.map((value) => {
    if (value === '' || value.startsWith('=')) throw new Error(`invalid environment variable: ${value}`);
    const own = value.includes('=') ? undefined : process.env[value];
    return own === undefined ? value : `${value}=${own}`;
  });
  return [...fromFiles, ...given];
}

/** `--label` and `--label-file` as a map. */
export function readLabels(files: readonly string[], values: readonly string[]): Record<string, string> {
  const lines = [...files.flatMap((file) => readKeyValueFile(file, false)), ...values];
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** A file with a NAME=value per line; '#' starts a comment line. */
function readKeyValueFile(path: string, lookUp: boolean): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const reason = errnoCode(error) === 'ENOENT' ? 'no such file or directory' : errorMessage(error);
    throw new Error(`open ${path}: ${reason}`, { cause: error });
  }
  const found: string[] = [];
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) return;
    const at = line.indexOf('=');
    const name = at < 0 ? line.trimEnd() : line.slice(0, at);
    if (name === '') throw new Error(`invalid line ${index + 1} of ${path}: no variable name on line '${line}'`);
    if (/\s/.test(name)) throw new Error(`variable '${name}' contains whitespaces (line ${index + 1} of ${path})`);
    if (at >= 0) found.push(line);
    else if (!lookUp) found.push(name);
    else if (process.env[name] !== undefined) found.push(`${name}=${process.env[name]}`);
  });
  return found;
}
