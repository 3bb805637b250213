/**
 * Variables in texts, by the Compose specification's section Interpolation: `$NAME`, `${NAME}`, `${NAME:-default}`,
 * `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`, `${NAME:+value}`, `${NAME+value}`, and `$$` for one dollar.
 * The word behind the operator may hold variables again.
 */

/** The value of a variable; undefined where it is not set. */
export type Lookup = (name: string) => string | undefined;

/** The text cannot be interpolated: the message says why. */
export class InterpolationError extends Error {
  override readonly name = 'InterpolationError';
}

const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*/;
const MAX_DEPTH = 50;

/** The text with its variables replaced. `unset` is told of each variable that has no value and no default. */
export function interpolate(text: string, lookup: Lookup, unset: (name: string) => void = () => {}): string {
  return text.includes('$') ? expand(text, lookup, unset, 0) : text;
}

function expand(text: string, lookup: Lookup, unset: (name: string) => void, depth: number): string {
  if (depth > MAX_DEPTH) throw new InterpolationError('variables are nested too deeply');
  let result = '';
  let at = 0;
  for (let dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    if (next === '$') {
      result += '$';
      at = dollar + 2;
    } else if (next === '{') {
      const end = closingBrace(text, dollar + 2);
      result += substitute(text.slice(dollar + 2, end), lookup, unset, depth);
      at = end + 1;
    } else {
      const name = NAME.exec(text.slice(dollar + 1))?.[0];
      if (name === undefined) {
        throw new InterpolationError(
          `invalid use of $ in '${text}': write $$ for a dollar, or \${NAME} for a variable`,
        );
      }
      result += value(name, lookup, unset);
      at = dollar + 1 + name.length;
    }
  }
  return result + text.slice(at);
}

/** Where the brace that was opened before `from` closes. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith('$$', index)) index += 1;
    else if (text.startsWith('${', index)) {
      depth += 1;
      index += 1;
    } else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  throw new InterpolationError(`invalid variable in '${text}': a brace is not closed`);
}

function substitute(body: string, lookup: Lookup, unset: (name: string) => void, depth: number): string {
  const name = NAME.exec(body)?.[0];
  if (name === undefined) throw new InterpolationError(`invalid variable name in '\${${body}}'`);
  const rest = body.slice(name.length);
  if (rest === '') return value(name, lookup, unset);
  const operator = /^:?[-?+]/.exec(rest)?.[0];
  if (operator === undefined) {
    throw new InterpolationError(`invalid variable '\${${body}}': after the name come :-, -, :?, ?, :+ or +`);
  }
  const word = (): string => expand(rest.slice(operator.length), lookup, unset, depth + 1);
  const found = lookup(name);
  const present = operator.startsWith(':') ? found !== undefined && found !== '' : found !== undefined;
  if (operator.endsWith('-')) return present ? (found as string) : word();
  if (operator.endsWith('+')) return present ? word() : '';
  if (present) return found as string;
  throw new InterpolationError(`required variable ${name} is missing a value${rest === operator ? '' : `: ${word()}`}`);
}

function value(name: string, lookup: Lookup, unset: (name: string) => void): string {
  const found = lookup(name);
  if (found === undefined) unset(name);
  return found ?? '';
}
