import type { Handlers } from './handler.ts';

/** Containers frozen into files. */
export const checkpointHandlers: Handlers<'CheckpointCreate' | 'CheckpointList' | 'CheckpointDelete'> = {
  async CheckpointCreate({ call, path, body }, { containers }) {
    await containers.checkpointCreate(path.name, body);
    call.sendEmpty(201);
  },

  async CheckpointList({ call, path, query }, { containers }) {
    call.sendJson(200, await containers.checkpointList(path.name, query.dir));
  },

  async CheckpointDelete({ call, path, query }, { containers }) {
    await containers.checkpointRemove(path.name, path.checkpoint, query.dir);
    call.sendEmpty(204);
  },
};
