import { existsIn, filledIn } from './lifespan.ts';
import type { JsonSchema, Schema } from './type.ts';

type Shaper = (value: unknown) => unknown;

const shapers = new WeakMap<JsonSchema, Map<number, Shaper | undefined>>();

/**
 * An answer as the API version with the number `minor` has it: without the fields that it does not know, and with those that
 * it always had. What needs a computation is done by packages/server/src/compat before. Values are not changed but copied, and
 * only where the version differs; at the newest version there is next to nothing to do.
 */
export function versionShape(schema: Schema, value: unknown, minor: number): unknown {
  const shaper = shaperOf(schema, minor);
  return shaper ? shaper(value) : value;
}

/** undefined: every value of the schema is the same in this version. */
function shaperOf(schema: JsonSchema, minor: number): Shaper | undefined {
  let versions = shapers.get(schema);
  if (!versions) shapers.set(schema, (versions = new Map<number, Shaper | undefined>()));
  if (!versions.has(minor)) versions.set(minor, compile(schema, minor));
  return versions.get(minor);
}

function compile(schema: JsonSchema, minor: number): Shaper | undefined {
  if (schema.anyOf) {
    const choice = schema.anyOf.find((each) => each.type !== 'null');
    return choice && shaperOf(choice, minor);
  }
  if (schema.items) {
    const each = shaperOf(schema.items, minor);
    return each && ((value) => (Array.isArray(value) ? value.map(each) : value));
  }
  if (schema.additionalProperties) {
    const each = shaperOf(schema.additionalProperties, minor);
    return each && ((value) => (isObject(value) ? mapValues(value, each) : value));
  }
  return schema.properties && objectShaper(schema.properties, minor);
}

function objectShaper(properties: Readonly<Record<string, JsonSchema>>, minor: number): Shaper | undefined {
  const dropped = new Set<string>();
  const added: [name: string, value: unknown][] = [];
  const nested = new Map<string, Shaper>();
  for (const [name, property] of Object.entries(properties)) {
    if (!existsIn(property, minor)) dropped.add(name);
    else {
      if (filledIn(property, minor)) added.push([name, property['x-was']]);
      const shaper = shaperOf(property, minor);
      if (shaper) nested.set(name, shaper);
    }
  }
  if (dropped.size === 0 && added.length === 0 && nested.size === 0) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    const out: Record<string, unknown> = {};
    for (const name in value) {
      if (dropped.has(name)) continue;
      const shaper = nested.get(name);
      out[name] = shaper ? shaper(value[name]) : value[name];
    }
    for (const [name, was] of added) if (out[name] === undefined) out[name] = was;
    return out;
  };
}

function mapValues(value: Readonly<Record<string, unknown>>, each: Shaper): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, each(item)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
