/** A list of strings as Go's `%q` prints it, which is what Docker's history has: `["a" "b c"]`. */
export function quoted(list: readonly string[]): string {
  return `[${list.map((word) => JSON.stringify(word)).join(' ')}]`;
}
