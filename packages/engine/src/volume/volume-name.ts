import { NAME_PATTERN, PouchError } from '@pouch/base';

/** Check the name of a volume that is to be made. Throws invalid-argument with Docker's words. */
export function validateVolumeName(name: string): void {
  if (name.length < 2) {
    throw new PouchError(
      'invalid-argument',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!NAME_PATTERN.test(name) || name.length > 255) {
    throw new PouchError(
      'invalid-argument',
      `create ${name.slice(0, 255)}: "${name.slice(0, 255)}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}
