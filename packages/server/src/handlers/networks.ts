import type { Handlers } from './handler.ts';

export const networkHandlers: Handlers<
  | 'NetworkList'
  | 'NetworkInspect'
  | 'NetworkCreate'
  | 'NetworkDelete'
  | 'NetworkConnect'
  | 'NetworkDisconnect'
  | 'NetworkPrune'
> = {
  async NetworkList({ call, query }, { networks }) {
    call.sendJson(200, await networks.list(query.filters ?? {}));
  },

  async NetworkInspect({ call, path }, { networks }) {
    call.sendJson(200, await networks.inspect(path.id));
  },

  async NetworkCreate({ call, body, warnings }, { networks }) {
    const created = await networks.create(body);
    const warning = [...warnings, created.Warning].filter((text) => text !== '').join('; ');
    call.sendJson(201, { Id: created.Id, Warning: warning });
  },

  async NetworkDelete({ call, path }, { networks }) {
    await networks.remove(path.id);
    call.sendEmpty(204);
  },

  async NetworkConnect({ call, path, body }, { containers }) {
    await containers.connectNetwork(path.id, body.Container, body.EndpointConfig);
    call.sendEmpty(200);
  },

  async NetworkDisconnect({ call, path, body }, { containers }) {
    await containers.disconnectNetwork(path.id, body.Container, body.Force ?? false);
    call.sendEmpty(200);
  },

  async NetworkPrune({ call, query }, { networks }) {
    const { NetworksDeleted } = await networks.prune(query.filters ?? {});
    call.sendJson(200, { NetworksDeleted: NetworksDeleted.length > 0 ? NetworksDeleted : null });
  },
};
