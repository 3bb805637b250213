/** The conformance suite of quota drivers on those that the host's kernel may lack. */
import { testQuotaDrivers } from '../../system/isolation/quota-drivers.kit.ts';
import { QUOTA_GROUNDS } from '../../system/isolation/quota-ground.kit.ts';

await testQuotaDrivers(QUOTA_GROUNDS.filter(({ driver }) => driver === 'project'));
