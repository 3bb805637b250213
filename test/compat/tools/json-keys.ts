/**
 * Prints the names and types of all fields of the JSON documents on its standard input, a line each, sorted; lists as `[]`.
 * Keys that are data (addresses, names, ids) are shown as `*`. A word given as argument stands before each line.
 */
import { text } from 'node:stream/consumers';

const DATA_KEYS =
  /^(Labels|Ports|ExposedPorts|PortBindings|Networks|Volumes|Options|Containers|Attributes|Runtimes|Subnets|annotations)$/;
const fields = new Set<string>();

function visit(value: unknown, path: string): void {
  if (Array.isArray(value)) {
    if (value.length === 0) fields.add(`${path}: []`);
    for (const item of value) visit(item, `${path}[]`);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) fields.add(`${path}: {}`);
    const isData = DATA_KEYS.test(path.split('.').at(-1) ?? '');
    for (const [name, inner] of entries) visit(inner, `${path === '' ? '' : `${path}.`}${isData ? '*' : name}`);
  } else {
    fields.add(`${path}: ${value === null ? 'null' : typeof value}`);
  }
}

for (const line of (await text(process.stdin)).split('\n')) {
  if (line.trim() === '') continue;
  try {
    visit(JSON.parse(line), '');
  } catch {
    console.log(`no JSON: ${line.slice(0, 200)}`);
  }
}
const [before] = process.argv.slice(2);
for (const field of [...fields].toSorted()) console.log(before === undefined ? field : `${before} ${field}`);
