import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { compileTemplate, type Template, type TemplateOptions } from '../template/evaluate.ts';
import { goJson } from '../template/go-format.ts';
import { TemplateError } from '../template/lex.ts';

/** What Docker's clients end with when a template cannot be parsed. */
const PARSE_EXIT = 64;

/** Print one object by a template, or as JSON for the word `json`. */
export function printTemplate(context: Context, format: string, data: unknown): void {
  context.print(objectTemplate(format)(data));
}

/** A template for whole objects, whose missing fields print as `<no value>` unless `options` says otherwise. */
export function objectTemplate(format: string, options: TemplateOptions = {}): Template {
  if (format === 'json') return (data) => goJson(data);
  let template: Template;
  try {
    template = compileTemplate(format, options);
  } catch (error) {
    if (error instanceof TemplateError) throw new ExitError(PARSE_EXIT, `template parsing error: ${error.message}`);
    throw error;
  }
  return (data) => {
    try {
      return template(data);
    } catch (error) {
      if (error instanceof TemplateError) throw new ExitError(1, `template parsing error: ${error.message}`);
      throw error;
    }
  };
}
