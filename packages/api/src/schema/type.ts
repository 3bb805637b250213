/**
 * The vocabulary in which the contract is written. A schema is a plain JSON Schema object (draft 2020-12, so OpenAPI 3.1
 * takes it unchanged) that carries its TypeScript type along, as TypeBox's do, whose validator reads them too. Importing
 * TypeBox for its builders would cost every process some 180 ms of start; building all of these costs a few.
 */
declare const STATIC: unique symbol;

/** JSON Schema keywords that the contract uses. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean' | 'null';
  /** The name of the component in the OpenAPI document. */
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly anyOf?: readonly JsonSchema[];
  /** Go's `strslice`: one string stands for a list of one. */
  readonly 'x-string-or-list'?: true;
  /** First API version in which the field exists. */
  readonly 'x-since-version'?: string;
  /** Last API version in which the field exists. */
  readonly 'x-until-version'?: string;
  /** Last API version in whose answers the field always is. */
  readonly 'x-filled-until-version'?: string;
  /** What it holds there when the engine gives nothing. */
  readonly 'x-was'?: unknown;
  /** First API version in whose answers the field always is; older ones may have it. */
  readonly 'x-required-since-version'?: string;
  /** Where Pouch makes of a request's field something else than Docker does. */
  readonly 'x-pouch'?: Treatment;
  /** The schema that was given a lifespan or a treatment. */
  readonly 'x-of'?: JsonSchema;
}

/** What becomes of a field of a request that is not simply acted upon, and why; docs/reference/docker.md shows it. */
export type Treatment =
  | { readonly kind: 'differs' | 'not-acted-upon'; readonly why: string }
  /** `example` is answered with an error, `beside` what else its object needs. */
  | { readonly kind: 'refused'; readonly why: string; readonly example: unknown; readonly beside?: object };

export interface Schema<T = unknown> extends JsonSchema {
  /** Never there at run time. */
  readonly [STATIC]: T;
}

export interface ObjectSchema<T> extends Schema<T> {
  readonly type: 'object';
  readonly title: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
}

/** The TypeScript type of a schema's valid values. */
export type Static<S extends Schema> = S[typeof STATIC];

export type Fields = Readonly<Record<string, Schema>>;
type Flat<T> = { [K in keyof T]: T[K] };
type Members<R extends Fields, O extends Fields> = Flat<
  { -readonly [K in keyof R]: Static<R[K]> } & { -readonly [K in keyof O]?: Static<O[K]> }
>;

function make<T>(json: JsonSchema, description?: string): Schema<T> {
  return (description === undefined ? json : { ...json, description }) as Schema<T>;
}

export const str = (description?: string): Schema<string> => make({ type: 'string' }, description);
export const bool = (description?: string): Schema<boolean> => make({ type: 'boolean' }, description);

/** Go's int64. Numbers beyond 2^53 lose their last digits, as everywhere in JSON. */
export const int = (description?: string): Schema<number> => make({ type: 'integer', format: 'int64' }, description);

/** An integer of at least 0. */
export const uint = (description?: string): Schema<number> => make({ type: 'integer', minimum: 0 }, description);

/** RFC 3339 with up to nine fractional digits. */
export const time = (description?: string): Schema<string> =>
  make({ type: 'string', format: 'date-time' }, description);

/**
 * A field that exists from an API version on. Requests of an older client lose it, and answers to one do not have it; see
 * version-shape.ts.
 */
export function since<T>(version: string, schema: Schema<T>): Schema<T> {
  return { ...schema, 'x-of': schema['x-of'] ?? schema, 'x-since-version': version } as Schema<T>;
}

/** A field that exists up to and with an API version. */
export function until<T>(version: string, schema: Schema<T>): Schema<T> {
  return { ...schema, 'x-of': schema['x-of'] ?? schema, 'x-until-version': version } as Schema<T>;
}

/** A field that answers up to and with an API version always hold: `was` where the engine gives nothing. */
export function filledUntil<T>(version: string, was: unknown, schema: Schema<T>): Schema<T> {
  const filled = { 'x-filled-until-version': version, 'x-was': was };
  return { ...schema, 'x-of': schema['x-of'] ?? schema, ...filled } as Schema<T>;
}

/** A field of which older daemons know nothing: their answers need not hold it, as ours always do. */
export function requiredSince<T>(version: string, schema: Schema<T>): Schema<T> {
  return { ...schema, 'x-of': schema['x-of'] ?? schema, 'x-required-since-version': version } as Schema<T>;
}

function treated<T>(treatment: Treatment, schema: Schema<T>): Schema<T> {
  return { ...schema, 'x-of': schema['x-of'] ?? schema, 'x-pouch': treatment } as Schema<T>;
}

/** A field that is acted upon, but not quite as Docker does. */
export function differs<T>(why: string, schema: Schema<T>): Schema<T> {
  return treated({ kind: 'differs', why }, schema);
}

/** A field that is taken, and shown where Docker shows it, and changes nothing. */
export function notActedUpon<T>(why: string, schema: Schema<T>): Schema<T> {
  return treated({ kind: 'not-acted-upon', why }, schema);
}

/** A field that is answered with an error when it asks for something. */
export function refused<T>(why: string, example: T, schema: Schema<T>, beside?: object): Schema<T> {
  return treated({ kind: 'refused', why, example, ...(beside && { beside }) }, schema);
}

/** The lifespan and the treatment of a field that is described anew. */
export function lifespanOf(schema: JsonSchema): JsonSchema {
  const names = [
    'x-since-version',
    'x-until-version',
    'x-filled-until-version',
    'x-was',
    'x-required-since-version',
    'x-pouch',
  ] as const;
  return Object.fromEntries(names.filter((name) => name in schema).map((name) => [name, schema[name]]));
}

/** Anything that JSON can say, up to the depth limit of `parse`. */
export const json = (description?: string): Schema<unknown> => make({}, description);

export function oneOf<const V extends readonly (string | number)[]>(...values: V): Schema<V[number]> {
  return make({ type: typeof values[0] === 'number' ? 'integer' : 'string', enum: values });
}

export function list<T>(items: Schema<T>, description?: string): Schema<T[]> {
  return make({ type: 'array', items }, description);
}

export function tuple2<T>(items: Schema<T>, description?: string): Schema<[T, T]> {
  return make({ type: 'array', items, minItems: 2, maxItems: 2 }, description);
}

/** A list of strings for which a request may also give one string. */
export function stringOrList(description?: string): Schema<string[]> {
  return make(
    { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }], 'x-string-or-list': true },
    description,
  );
}

/** An object used as a map from any key. */
export function dict<T>(values: Schema<T>, description?: string): Schema<Record<string, T>> {
  return make({ type: 'object', additionalProperties: values }, description);
}

/** The empty object that Go writes for a member of a set. */
export const empty: Schema<Record<string, never>> = make({ type: 'object', additionalProperties: false });

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return make({ anyOf: [schema, { type: 'null' }] });
}

/** An object with fields that are always there, and fields that may be absent. */
export function object<R extends Fields, O extends Fields = Record<never, never>>(
  title: string,
  required: R,
  optional?: O,
  description?: string,
): ObjectSchema<Members<R, O>> {
  const names = Object.keys(required);
  return make<Members<R, O>>(
    {
      type: 'object',
      title,
      properties: { ...required, ...optional },
      ...(names.length > 0 && { required: names }),
    },
    description,
  ) as ObjectSchema<Members<R, O>>;
}

/** An object with the fields of `base` and more. */
export function extend<B, R extends Fields, O extends Fields = Record<never, never>>(
  title: string,
  base: ObjectSchema<B>,
  required: R,
  optional?: O,
): ObjectSchema<Flat<Omit<B, keyof R | keyof O> & Members<R, O>>> {
  const names = [...(base.required ?? []).filter((name) => !(optional && name in optional)), ...Object.keys(required)];
  return make({
    type: 'object',
    title,
    properties: { ...base.properties, ...required, ...optional },
    ...(names.length > 0 && { required: [...new Set(names)] }),
  }) as ObjectSchema<Flat<Omit<B, keyof R | keyof O> & Members<R, O>>>;
}

type WithNulls<B, K> = { [N in keyof B]: N extends K ? B[N] | null : B[N] };

/** The object as a response shows it where Go writes `null` for an unset slice, map or pointer in the named fields. */
export function withNulls<B, K extends keyof B & string>(
  title: string,
  base: ObjectSchema<B>,
  names: readonly K[],
): ObjectSchema<WithNulls<B, K>> {
  const properties: Record<string, JsonSchema> = { ...base.properties };
  for (const name of names) {
    const property = properties[name] as JsonSchema;
    const lifespan = lifespanOf(property);
    const nullable = { anyOf: [property['x-of'] ?? property, { type: 'null' }] as const };
    properties[name] = Object.keys(lifespan).length > 0 ? { ...nullable, ...lifespan, 'x-of': nullable } : nullable;
  }
  return make({ ...base, title, properties }) as ObjectSchema<WithNulls<B, K>>;
}
