import { registryAuth } from '../http/registry-auth.ts';
import type { Handlers } from './handler.ts';
import { defined } from './parameters.ts';

/** Another image under a container. */
export const containerUpgradeHandlers: Handlers<'ContainerUpgrade'> = {
  async ContainerUpgrade({ call, path, body }, { containers }) {
    const auth = registryAuth(call.header('x-registry-auth'));
    call.sendJson(200, await containers.upgrade(path.name, body, defined({ auth })));
  },
};
