import type { RuntimeSpec } from './runtime-spec.ts';

/** V8's JSON.rawJSON (ECMAScript proposal "JSON.parse source text access", stage 3), which the type library lacks. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => object };

/** The specification as JSON; 64-bit values given as bigint (RLIM_INFINITY, seccomp arguments) are written exactly. */
export function serialiseRuntimeSpec(spec: RuntimeSpec): string {
  return serialiseExactJson(spec);
}

/** JSON.stringify that writes a bigint as the integer it is. */
export function serialiseExactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? rawJSON(each.toString()) : each));
}

/** JSON.parse that keeps integers beyond 2^53 exact, as bigint. */
export function parseExactJson(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    const isInexact = typeof value === 'number' && !Number.isSafeInteger(value);
    return isInexact && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
