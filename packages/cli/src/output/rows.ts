import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { compileTemplate, type Template } from '../template/evaluate.ts';
import { goJson } from '../template/go-format.ts';
import { TemplateError } from '../template/lex.ts';
import { formatTable } from './table.ts';

/** What a template sees of one object: texts, and methods such as `Label`. */
export type Row = Readonly<Record<string, unknown>>;

export interface RowsOptions {
  /** `--format`. Empty is the default table. */
  readonly format: string;
  /** The template of the default table, tabs between columns. */
  readonly table: string;
  /** Field → header, for tables. */
  readonly headers: Readonly<Record<string, string>>;
  /** Print only this field (`-q`). */
  readonly only?: string | undefined;
}

/** Print objects as a table, as JSON lines, or by a template. */
export function printRows(context: Context, rows: readonly Row[], options: RowsOptions): void {
  context.stdout.write(renderRows(rows, options));
}

/** As {@link printRows}, but returned. */
export function renderRows(rows: readonly Row[], options: RowsOptions): string {
  const format = options.format || 'table';
  if (options.only !== undefined && (format === 'table' || format === 'raw')) {
    const field = options.only;
    return rows.map((row) => `${String(row[field])}\n`).join('');
  }
  if (format === 'json') return rows.map((row) => `${rowJson(row)}\n`).join('');
  if (format !== 'table' && !format.startsWith('table ')) {
    const template = compile(unescapeFormat(format), rowMissing);
    return rows.map((row) => `${execute(template, withJson(row))}\n`).join('');
  }
  const source = format === 'table' ? options.table : unescapeFormat(format.slice('table '.length).trim());
  const template = compile(source, rowMissing);
  const header = execute(
    compile(source, (_, field) => field),
    options.headers,
  );
  const lines = [header, ...rows.map((row) => execute(template, withJson(row)))];
  return formatTable(lines.flatMap((line) => line.split('\n')).map((line) => line.split('\t')));
}

/** The row as Docker's `--format json`: its texts, keys sorted. */
function rowJson(row: Row): string {
  return goJson(Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value !== 'function')), true);
}

/** `{{json .}}` must see the fields in order too. */
function withJson(row: Row): Row {
  return Object.fromEntries(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function rowMissing(_: Row, field: string): unknown {
  throw new TemplateError(`can't evaluate field ${field}`);
}

/** `\t` and `\n` as typed in a shell. */
export function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function compile(source: string, missing: (object: Row, field: string) => unknown): Template {
  try {
    return compileTemplate(source, { missing });
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(1, `failed to parse template: ${error.message}`);
    throw error;
  }
}

function execute(template: Template, row: Row): string {
  try {
    return template(row);
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(1, `failed to execute template: ${error.message}`);
    throw error;
  }
}
