import { testQuotaDrivers } from './quota-drivers.kit.ts';
import { QUOTA_GROUNDS } from './quota-ground.kit.ts';

await testQuotaDrivers(QUOTA_GROUNDS);
