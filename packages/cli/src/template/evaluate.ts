import { FUNCTIONS, isTrue } from './functions.ts';
import { goString, type Method } from './go-format.ts';
import { TemplateError } from './lex.ts';
import { type Expression, type Node, type ParsedTemplate, type Pipeline, parseTemplate } from './parse.ts';

export interface TemplateOptions {
  /** What a field that an object lacks stands for; throws where that is an error. Default: undefined, `<no value>`. */
  readonly missing?: (object: Readonly<Record<string, unknown>>, field: string) => unknown;
}

/** A template that is ready to print values. */
export type Template = (data: unknown) => string;

/** Compile a Go template. Throws {@link TemplateError} for one that cannot be parsed. */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  let parsed: ParsedTemplate;
  try {
    parsed = parseTemplate(source);
    checkFunctions(parsed);
  } catch (error) {
    throw error instanceof TemplateError ? new TemplateError(`template: :1: ${error.message}`) : error;
  }
  return (data) => new Evaluation(parsed, options, data).text();
}

function checkFunctions(parsed: ParsedTemplate): void {
  const expression = (one: Expression): void => {
    if (one.kind === 'call' && !(one.name in FUNCTIONS) && one.name !== 'and' && one.name !== 'or') {
      throw new TemplateError(`function "${one.name}" not defined`);
    }
    if (one.kind === 'field') expression(one.of);
    if (one.kind === 'pipeline') pipeline(one.pipeline);
  };
  const pipeline = (one: Pipeline): void =>
    one.stages.forEach((stage) => [stage.head, ...stage.args].forEach((part) => expression(part)));
  const visit = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if ('pipeline' in node && node.pipeline) pipeline(node.pipeline);
      if ('body' in node) {
        visit(node.body);
        visit(node.otherwise);
      }
    }
  };
  visit(parsed.body);
  for (const nodes of parsed.defined.values()) visit(nodes);
}

type Signal = 'break' | 'continue' | undefined;
const MAX_DEPTH = 200;

class Evaluation {
  readonly #template: ParsedTemplate;
  readonly #options: TemplateOptions;
  #variables: { name: string; value: unknown }[];
  readonly #data: unknown;
  #output = '';
  #depth = 0;

  constructor(template: ParsedTemplate, options: TemplateOptions, data: unknown) {
    this.#template = template;
    this.#options = options;
    this.#data = data;
    this.#variables = [{ name: '$', value: data }];
  }

  text(): string {
    this.#nodes(this.#template.body, this.#data);
    return this.#output;
  }

  #nodes(nodes: readonly Node[], dot: unknown): Signal {
    const mark = this.#variables.length;
    for (const node of nodes) {
      const signal = this.#node(node, dot);
      if (signal) {
        this.#variables.length = mark;
        return signal;
      }
    }
    this.#variables.length = mark;
    return undefined;
  }

  #node(node: Node, dot: unknown): Signal {
    switch (node.kind) {
      case 'text':
        this.#output += node.text;
        return undefined;
      case 'action': {
        const value = this.#pipeline(node.pipeline, dot);
        if (node.pipeline.variables.length === 0) this.#output += goString(value);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#call(node.name, node.pipeline && this.#pipeline(node.pipeline, dot));
        return undefined;
      case 'range':
        return this.#range(node, dot);
      case 'if':
      case 'with': {
        const mark = this.#variables.length;
        const value = this.#pipeline(node.pipeline, dot);
        const signal = isTrue(value)
          ? this.#nodes(node.body, node.kind === 'with' ? value : dot)
          : this.#nodes(node.otherwise, dot);
        this.#variables.length = mark;
        return signal;
      }
    }
  }

  #call(name: string, data: unknown): void {
    const body = this.#template.defined.get(name);
    if (!body) throw new TemplateError(`template "${name}" not defined`);
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new TemplateError('templates call each other without end');
    const variables = this.#variables;
    this.#variables = [{ name: '$', value: data }];
    this.#nodes(body, data);
    this.#variables = variables;
    this.#depth -= 1;
  }

  #range(node: Node & { readonly kind: 'if' | 'range' | 'with' }, dot: unknown): Signal {
    const { variables } = node.pipeline;
    const value = this.#stages(node.pipeline, dot);
    const entries = rangeEntries(value);
    if (entries.length === 0) return this.#nodes(node.otherwise, dot);
    const mark = this.#variables.length;
    for (const [key, item] of entries) {
      const [first, second] = variables;
      if (second !== undefined && first !== undefined) {
        this.#variables.push({ name: first, value: key }, { name: second, value: item });
      } else if (first !== undefined) this.#variables.push({ name: first, value: item });
      const signal = this.#nodes(node.body, item);
      this.#variables.length = mark;
      if (signal === 'break') break;
    }
    return undefined;
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    const value = this.#stages(pipeline, dot);
    const name = pipeline.variables[0];
    if (name === undefined) return value;
    if (!pipeline.assign) this.#variables.push({ name, value });
    else this.#variable(name).value = value;
    return value;
  }

  #stages(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    pipeline.stages.forEach((stage, position) => {
      const piped = position > 0 ? [value] : [];
      try {
        value = this.#apply(stage.head, stage.args, piped, dot);
      } catch (error) {
        if (!(error instanceof TemplateError) || error.message.startsWith('template:')) throw error;
        throw new TemplateError(`template: :1: executing "" at <${pipeline.source}>: ${error.message}`);
      }
    });
    return value;
  }

  #apply(head: Expression, args: readonly Expression[], piped: readonly unknown[], dot: unknown): unknown {
    if (head.kind === 'call') {
      if (head.name === 'and' || head.name === 'or') return this.#shortCircuit(head.name, args, piped, dot);
      const call = FUNCTIONS[head.name];
      if (!call) throw new TemplateError(`function "${head.name}" not defined`);
      return call(...args.map((arg) => this.#value(arg, dot)), ...piped);
    }
    const value = this.#raw(head, dot);
    if (typeof value === 'function') return (value as Method)(...args.map((arg) => this.#value(arg, dot)), ...piped);
    if (args.length + piped.length > 0) throw new TemplateError("can't give argument to non-function");
    return value;
  }

  #shortCircuit(name: 'and' | 'or', args: readonly Expression[], piped: readonly unknown[], dot: unknown): unknown {
    let value: unknown;
    for (const arg of args) {
      value = this.#value(arg, dot);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #value(expression: Expression, dot: unknown): unknown {
    if (expression.kind === 'call') return this.#apply(expression, [], [], dot);
    const value = this.#raw(expression, dot);
    return typeof value === 'function' ? (value as Method)() : value;
  }

  #raw(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'literal':
        return expression.value;
      case 'variable':
        return this.#variable(expression.name).value;
      case 'pipeline':
        return this.#stages(expression.pipeline, dot);
      case 'call':
        return this.#apply(expression, [], [], dot);
      case 'field':
        return this.#field(this.#value(expression.of, dot), expression.name);
    }
  }

  #field(object: unknown, name: string): unknown {
    if (object === undefined || object === null) {
      if (this.#options.missing) throw new TemplateError(`nil pointer evaluating .${name}`);
      return undefined;
    }
    if (typeof object !== 'object' || Array.isArray(object)) {
      const type = Array.isArray(object) ? 'a list' : `a ${typeof object}`;
      throw new TemplateError(`can't evaluate field ${name} in ${type}`);
    }
    const record = object as Readonly<Record<string, unknown>>;
    if (Object.hasOwn(record, name)) return record[name];
    return this.#options.missing?.(record, name);
  }

  #variable(name: string): { name: string; value: unknown } {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (!found) throw new TemplateError(`undefined variable "${name}"`);
    return found;
  }
}

function rangeEntries(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item, position) => [position, item] as const);
  if (typeof value === 'number')
    return Array.from({ length: Math.max(0, Math.min(value, 1e6)) }, (_, at) => [at, at] as const);
  if (typeof value === 'object') return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  throw new TemplateError(`range can't iterate over ${goString(value)}`);
}
