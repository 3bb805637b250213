/** A query parameter's value; undefined and false are left out, lists are repeated. */
export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** Docker's filters: a name and its accepted values. */
export type Filters = Readonly<Record<string, readonly string[]>>;

export function encodeQuery(query: Readonly<Record<string, QueryValue>> | undefined): string {
  if (!query) return '';
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    const values = Array.isArray(value) ? (value as readonly string[]) : [value === true ? '1' : String(value)];
    for (const one of values) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(one)}`);
  }
  return parts.length > 0 ? `?${parts.join('&')}` : '';
}

/** Filters as the API takes them: JSON of name → list, or nothing when there are none. */
export function encodeFilters(filters: Filters | undefined): string | undefined {
  if (!filters || Object.keys(filters).length === 0) return undefined;
  return JSON.stringify(filters);
}
