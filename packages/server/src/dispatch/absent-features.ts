import { PouchError } from '@pouch/base';
import type { Call } from '../http/call.ts';

const NO_SWARM =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

const CLUSTER = /^\/(swarm|nodes|services|tasks|secrets|configs)(\/|$)/;
const PLUGIN = /^\/plugins\/(.+)\/(json|enable|disable|upgrade|push|set)$/;

/**
 * Docker's endpoints for what Pouch does not do, answered so that clients understand: a node outside any swarm, a daemon
 * without plugins, and a clear word on what is missing. False when the path is none of these.
 */
export function answerAbsentFeature(call: Call, method: string, path: string): boolean {
  if (CLUSTER.test(path)) {
    if (method === 'POST' && (path === '/swarm/init' || path === '/swarm/join')) {
      throw new PouchError('unsupported', 'swarm mode is not available: Pouch runs containers on one host');
    }
    throw new PouchError('unavailable', NO_SWARM);
  }
  if (path === '/plugins' && method === 'GET') {
    call.sendJson(200, []);
    return true;
  }
  if (path === '/plugins' || path.startsWith('/plugins/')) throw pluginError(path);
  if (method === 'POST' && path === '/build') {
    throw new PouchError(
      'unsupported',
      'building images is not available in this daemon: build with another tool, then load or push the image',
    );
  }
  return false;
}

function pluginError(path: string): PouchError {
  const name = PLUGIN.exec(path)?.[1];
  if (name !== undefined) return new PouchError('not-found', `plugin "${name.slice(0, 128)}" not found`);
  return new PouchError(
    'unsupported',
    'managed plugins are not available; volume plugins that run by themselves are found in /run/docker/plugins',
  );
}
