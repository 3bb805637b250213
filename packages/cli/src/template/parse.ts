import { type Piece, splitTemplate, TemplateError, type Token } from './lex.ts';

export type Expression =
  | { readonly kind: 'dot' }
  | { readonly kind: 'nil' }
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'call'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

/** A function or a value, and its arguments. */
export interface Stage {
  readonly head: Expression;
  readonly args: readonly Expression[];
}

export interface Pipeline {
  /** `$x :=` and `$x =`; a range may declare two. */
  readonly variables: readonly string[];
  readonly assign: boolean;
  readonly stages: readonly Stage[];
  readonly source: string;
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined };

export interface ParsedTemplate {
  readonly body: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** Parse a Go template (text/template). Throws {@link TemplateError}. */
export function parseTemplate(source: string): ParsedTemplate {
  const parser = new TreeParser(splitTemplate(source));
  const body = parser.nodes(undefined);
  return { body: body.nodes, defined: parser.defined };
}

interface Block {
  readonly nodes: readonly Node[];
  /** The action that ended it: `end`, or `else` with what follows it. */
  readonly end: 'end' | 'else' | 'eof';
  readonly rest: readonly Token[];
  readonly source: string;
}

class TreeParser {
  readonly defined = new Map<string, readonly Node[]>();
  readonly #pieces: readonly Piece[];
  #at = 0;
  #loops = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  nodes(inside: string | undefined): Block {
    const nodes: Node[] = [];
    for (;;) {
      const piece = this.#pieces[this.#at];
      this.#at += 1;
      if (!piece) {
        if (inside !== undefined) throw new TemplateError('unexpected EOF');
        return { nodes, end: 'eof', rest: [], source: '' };
      }
      if ('text' in piece) {
        nodes.push({ kind: 'text', text: piece.text });
        continue;
      }
      const action = trim(piece.action);
      const word = action[0]?.kind === 'word' ? action[0].text : '';
      const rest = trim(action.slice(1));
      if (word === 'end' || word === 'else') {
        if (inside === undefined) throw new TemplateError(`unexpected {{${word}}}`);
        return { nodes, end: word, rest, source: piece.source };
      }
      const node = this.#action(word, rest, action, piece.source);
      if (node) nodes.push(node);
    }
  }

  #action(word: string, rest: readonly Token[], action: readonly Token[], source: string): Node | undefined {
    switch (word) {
      case 'if':
      case 'range':
      case 'with':
        return this.#control(word, rest, source);
      case 'break':
      case 'continue':
        if (this.#loops === 0) throw new TemplateError(`{{${word}}} outside {{range}}`);
        return { kind: word };
      case 'define':
        this.#define(rest);
        return undefined;
      case 'block': {
        this.#define(rest.slice(0, 1));
        return { kind: 'template', name: rest[0]?.value ?? '', pipeline: parsePipeline(trim(rest.slice(1)), source) };
      }
      case 'template': {
        const name = rest[0]?.kind === 'string' ? (rest[0].value ?? '') : '';
        const more = trim(rest.slice(1));
        return { kind: 'template', name, pipeline: more.length > 0 ? parsePipeline(more, source) : undefined };
      }
      default:
        return { kind: 'action', pipeline: parsePipeline(action, source) };
    }
  }

  #control(kind: 'if' | 'range' | 'with', tokens: readonly Token[], source: string): Node {
    if (tokens.length === 0) throw new TemplateError(`missing value for ${kind}`);
    const pipeline = parsePipeline(tokens, source);
    if (kind === 'range') this.#loops += 1;
    const body = this.nodes(kind);
    if (kind === 'range') this.#loops -= 1;
    let otherwise: readonly Node[] = [];
    if (body.end === 'else') {
      const next = body.rest[0]?.text;
      if (next === 'if' || next === 'with') {
        otherwise = [this.#control(next, trim(body.rest.slice(1)), body.source)];
      } else {
        const block = this.nodes(kind);
        if (block.end !== 'end') throw new TemplateError('expected end; found {{else}}');
        otherwise = block.nodes;
      }
    }
    return { kind, pipeline, body: body.nodes, otherwise };
  }

  #define(rest: readonly Token[]): void {
    const name = rest[0]?.kind === 'string' ? rest[0].value : undefined;
    if (name === undefined) throw new TemplateError('missing name in define');
    this.defined.set(name, this.nodes('define').nodes);
  }
}

function trim(tokens: readonly Token[]): readonly Token[] {
  const start = tokens.findIndex((token) => token.kind !== 'space');
  const end = tokens.findLastIndex((token) => token.kind !== 'space');
  return start < 0 ? [] : tokens.slice(start, end + 1);
}

function parsePipeline(tokens: readonly Token[], source: string): Pipeline {
  return new PipelineParser(tokens, source).whole();
}

class PipelineParser {
  readonly #tokens: readonly Token[];
  readonly #source: string;
  #at = 0;

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens;
    this.#source = source;
  }

  whole(): Pipeline {
    const pipeline = this.pipeline();
    const left = this.#peek();
    if (left) throw new TemplateError(`unexpected ${JSON.stringify(left.text)} in operand`);
    return pipeline;
  }

  pipeline(): Pipeline {
    const { variables, assign } = this.#declaration();
    const stages: Stage[] = [];
    for (;;) {
      this.#space();
      const next = this.#peek();
      if (!next || next.text === ')') throw new TemplateError('missing value for command');
      stages.push(this.#stage());
      this.#space();
      if (this.#peek()?.text !== '|') break;
      this.#at += 1;
    }
    return { variables, assign, stages, source: this.#source };
  }

  #declaration(): { variables: readonly string[]; assign: boolean } {
    const words = this.#tokens.slice(this.#at).filter((token) => token.kind !== 'space');
    const texts = words.slice(0, 4).map((token) => token.text);
    const isOperator = (text: string | undefined): boolean => text === ':=' || text === '=';
    const count =
      words[0]?.kind === 'variable' && isOperator(texts[1])
        ? 1
        : words[0]?.kind === 'variable' && texts[1] === ',' && isOperator(texts[3])
          ? 2
          : 0;
    if (count === 0) return { variables: [], assign: false };
    const operator = words[count === 1 ? 1 : 3] as Token;
    this.#at = this.#tokens.indexOf(operator) + 1;
    return {
      variables: count === 1 ? [texts[0] as string] : [texts[0] as string, texts[2] as string],
      assign: operator.text === '=',
    };
  }

  #stage(): Stage {
    const operands: Expression[] = [];
    for (;;) {
      this.#space();
      const next = this.#peek();
      if (!next || next.text === '|' || next.text === ')') break;
      operands.push(this.#operand());
      const after = this.#peek();
      if (after && after.kind !== 'space' && after.text !== '|' && after.text !== ')') {
        throw new TemplateError(`unexpected ${JSON.stringify(after.text)} in operand`);
      }
    }
    const [head, ...args] = operands;
    if (!head) throw new TemplateError('empty command');
    return { head, args };
  }

  #operand(): Expression {
    let expression = this.#term();
    for (let next = this.#peek(); next?.kind === 'field'; next = this.#peek()) {
      expression = { kind: 'field', of: expression, name: next.text.slice(1) };
      this.#at += 1;
    }
    return expression;
  }

  #term(): Expression {
    const token = this.#tokens[this.#at] as Token;
    if (token.kind === 'field') return { kind: 'dot' };
    this.#at += 1;
    switch (token.kind) {
      case 'dot':
        return { kind: 'dot' };
      case 'variable':
        return { kind: 'variable', name: token.text };
      case 'string':
        return { kind: 'literal', value: token.value ?? '' };
      case 'char':
        return { kind: 'literal', value: token.value?.codePointAt(0) ?? 0 };
      case 'number':
        return { kind: 'literal', value: Number(token.text) };
      case 'word':
        if (token.text === 'true' || token.text === 'false') return { kind: 'literal', value: token.text === 'true' };
        return token.text === 'nil' ? { kind: 'nil' } : { kind: 'call', name: token.text };
      default:
        break;
    }
    if (token.text !== '(') throw new TemplateError(`unexpected ${JSON.stringify(token.text)} in command`);
    const pipeline = this.pipeline();
    if (this.#peek()?.text !== ')') throw new TemplateError('unclosed left paren');
    this.#at += 1;
    return { kind: 'pipeline', pipeline };
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #space(): void {
    while (this.#peek()?.kind === 'space') this.#at += 1;
  }
}
