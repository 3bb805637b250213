import { PouchError } from '@pouch/base';
import type { QuotaService } from './quota-service.ts';

/** A host without a disk quota driver. */
export function noQuotas(missing = 'none'): QuotaService {
  const refuse = (): never => {
    throw new PouchError('unsupported', missing);
  };
  return {
    missing,
    bypass: undefined,
    reserve: refuse,
    discard: async () => {},
    enlist: refuse,
    place: async () => refuse(),
    displace: async () => {},
    leave: async () => {},
    directory: async () => refuse(),
    resize: async () => refuse(),
    withRoom: async (_id, work) => await work(),
    find: () => undefined,
    usage: async () => undefined,
  };
}
