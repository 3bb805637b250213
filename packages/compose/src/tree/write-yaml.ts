import { stringify } from 'yaml';

/** Plain values as YAML, without anchors and without folded lines. */
export function writeYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0, singleQuote: false, nullStr: 'null' });
}
