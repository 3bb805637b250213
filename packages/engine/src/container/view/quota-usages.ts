import type { DiskQuotaUsage } from '@pouch/api';
import type { QuotaService } from '../../quota/quota-service.ts';
import type { Container } from '../container.ts';

/** The container's disk quotas with what is used of them now. */
export async function quotaUsages(container: Container, quotas: QuotaService): Promise<DiskQuotaUsage[]> {
  return await Promise.all(
    (container.record.quotas ?? []).map(async ({ id, paths }) => {
      const set = quotas.find(id);
      const used = await quotas.usage(id);
      return {
        Id: id,
        Paths: [...paths],
        Limit: set?.bytes ?? 0,
        ...(used && { Used: used.bytes }),
        ...(set?.inodes !== undefined && { InodesLimit: set.inodes }),
        ...(used?.inodes !== undefined && { InodesUsed: used.inodes }),
      };
    }),
  );
}
