import { matchAbsent } from '@pouch/api';
import type { Call } from '../http/call.ts';
import { requireVersion, type Target } from './target.ts';

/**
 * Docker's endpoints for what Pouch does not do, answered so that clients understand: a node outside any swarm, a daemon
 * without plugins, and a clear word on what is missing. The contract's table says what. False when the path is none of these.
 */
export function answerAbsentFeature(call: Call, method: string, target: Target): boolean {
  const { path } = target;
  const absent = matchAbsent(method, path);
  if (absent) {
    requireVersion(absent, target);
    call.sendJson(absent.status, absent.body ?? { message: absent.message });
    return true;
  }
  return false;
}
