import type { JsonSchema } from './type.ts';

/** The number behind `1.` of an API version. */
export function minorOf(version: string): number {
  return Number(version.slice(version.indexOf('.') + 1));
}

/** Whether a field with this schema exists in the version whose number behind `1.` is given. */
export function existsIn(schema: JsonSchema, minor: number): boolean {
  const { 'x-since-version': first, 'x-until-version': last } = schema;
  return (first === undefined || minorOf(first) <= minor) && (last === undefined || minorOf(last) >= minor);
}

/** Whether a field that answers always hold is among those of this version, too. */
export function requiredIn(schema: JsonSchema, minor: number): boolean {
  const { 'x-required-since-version': first } = schema;
  return existsIn(schema, minor) && (first === undefined || minorOf(first) <= minor);
}

/** Whether answers of this version hold a value for the field although the engine gives none. */
export function filledIn(schema: JsonSchema, minor: number): boolean {
  const { 'x-filled-until-version': last } = schema;
  return last !== undefined && minorOf(last) >= minor;
}
