import { existsSync } from 'node:fs';
import { csvPairs, PouchError } from '@pouch/base';

export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'value'; readonly value: string };

/**
 * A secret as Docker's clients write it: `id=ID[,src=FILE]` or `id=ID,env=NAME`. An id alone is a variable of that name, or
 * else a file of that name. Throws `invalid-argument`.
 */
export function parseSecret(text: string, environment: NodeJS.ProcessEnv): readonly [id: string, source: SecretSource] {
  const wrong = (why: string): PouchError => new PouchError('invalid-argument', `invalid secret '${text}': ${why}`);
  let id = '';
  let path: string | undefined;
  let variable: string | undefined;
  let type: string | undefined;
  for (const [key, value = ''] of csvPairs(text)) {
    if (key === 'id') id = value;
    else if (key === 'src' || key === 'source') path = value;
    else if (key === 'env') variable = value;
    else if (key === 'type') type = value;
    else throw wrong(`it has no ${key}; it is id=ID[,src=FILE|,env=NAME]`);
  }
  if (type !== undefined && type !== 'file' && type !== 'env') throw wrong(`unsupported type ${type}`);
  if (type === 'env' && variable === undefined) [variable, path] = [path, undefined];
  id ||= path ?? variable ?? '';
  if (id === '') throw wrong('it needs an id');
  if (path === undefined && variable === undefined) {
    if (type !== 'file' && environment[id] !== undefined) variable = id;
    else path = id;
  }
  if (variable !== undefined) return [id, { kind: 'value', value: environment[variable] ?? '' }];
  const file = path as string;
  if (!existsSync(file)) throw wrong(`there is no file ${file}`);
  return [id, { kind: 'file', path: file }];
}
