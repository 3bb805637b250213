import { PouchError } from '@pouch/base';
import { familiarName, type ImageReference } from '@pouch/oci';
import { RegistryFailure } from './failure.ts';

/** Docker's words for what users meet most. */
export function pullError(error: unknown, reference: ImageReference): unknown {
  if (!(error instanceof RegistryFailure)) return error;
  const name = familiarName(reference);
  const details = { cause: error, details: error.details };
  if (error.status === 401 || error.status === 403) {
    return new PouchError(
      'not-found',
      `pull access denied for ${name}, repository does not exist or may require 'docker login': ${error.message}`,
      details,
    );
  }
  if (error.registryCodes.includes('NAME_UNKNOWN')) {
    return new PouchError('not-found', `repository ${name} not found: ${error.message}`, details);
  }
  if (error.status === 404 && error.registryCodes.includes('MANIFEST_UNKNOWN')) {
    return new PouchError(
      'not-found',
      `manifest for ${name}${referenceSuffix(reference)} not found: ${error.message}`,
      details,
    );
  }
  return error;
}

function referenceSuffix({ tag, digest }: ImageReference): string {
  return digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`;
}
