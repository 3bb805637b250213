import { NOT_A_MANAGER } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Handlers } from './handler.ts';

/** Since this version a prune takes only anonymous volumes unless `all` is asked for. */
const PRUNE_ANONYMOUS_ONLY = 42;

export const volumeHandlers: Handlers<
  'VolumeList' | 'VolumeCreate' | 'VolumeInspect' | 'VolumeDelete' | 'VolumePrune'
> = {
  async VolumeList({ call, query }, { volumes }) {
    call.sendJson(200, await volumes.list(query.filters ?? {}));
  },

  async VolumeCreate({ call, body }, { volumes }) {
    const { ClusterVolumeSpec, ...request } = body;
    if (ClusterVolumeSpec) throw new PouchError('unavailable', NOT_A_MANAGER);
    call.sendJson(201, await volumes.create(request));
  },

  async VolumeInspect({ call, path }, { volumes }) {
    call.sendJson(200, await volumes.inspect(path.name));
  },

  async VolumeDelete({ call, path, query }, { volumes }) {
    await volumes.remove(path.name, { force: query.force ?? false });
    call.sendEmpty(204);
  },

  async VolumePrune({ call, query }, { volumes }) {
    const filters = { ...query.filters };
    if (call.version < PRUNE_ANONYMOUS_ONLY) filters.all = ['true'];
    call.sendJson(200, await volumes.prune(filters));
  },
};
