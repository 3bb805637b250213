import type { Handlers } from './handler.ts';
import { terminalSize } from './parameters.ts';

/** Commands in running containers; their streams are in attach.ts. */
export const execHandlers: Handlers<'ExecCreate' | 'ExecResize' | 'ExecInspect'> = {
  async ExecCreate({ call, path, body }, { containers }) {
    call.sendJson(201, { Id: await containers.execCreate(path.name, body) });
  },

  async ExecResize({ call, path, query }, { containers }) {
    await containers.execResize(path.id, terminalSize(query));
    call.sendEmpty(200);
  },

  async ExecInspect({ call, path }, { containers }) {
    call.sendJson(200, await containers.execInspect(path.id));
  },
};
