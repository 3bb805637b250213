/** Prints the names of all fields of the JSON documents on its standard input, a line each, sorted; lists as `[]`. */
import { text } from 'node:stream/consumers';

const names = new Set<string>();
const visit = (value: unknown, path: string): void => {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, `${path}[]`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`);
  } else {
    names.add(path);
  }
};
for (const line of (await text(process.stdin)).split('\n')) {
  if (line.trim() !== '') visit(JSON.parse(line), '');
}
for (const name of [...names].toSorted()) console.log(name);
