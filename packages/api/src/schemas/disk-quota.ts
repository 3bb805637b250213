import { int, list, object, type Static, str, uint } from '../schema/type.ts';

/** Pouch: a limit on disk space and what is used of it. */
export const DiskQuotaUsage = object(
  'DiskQuotaUsage',
  { Id: int('The project id where the file system has project quota.'), Paths: list(str()), Limit: uint('Bytes.') },
  { Used: uint('Bytes; absent while its file system is not mounted.'), InodesLimit: uint(), InodesUsed: uint() },
);
export type DiskQuotaUsage = Static<typeof DiskQuotaUsage>;
