import { completeContainerInspect, completeContainerSummary } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { WaitCondition } from '@pouch/engine';
import { adaptCreateRequest } from '../compat/container-create.ts';
import { adaptContainerInspect } from '../compat/container-shapes.ts';
import type { Handlers } from './handler.ts';
import { defined } from './parameters.ts';

const WAIT_CONDITIONS: Readonly<Record<string, WaitCondition>> = {
  '': 'not-running',
  'not-running': 'not-running',
  'next-exit': 'next-exit',
  removed: 'removed',
};

/** Since this version the head of a wait's answer comes before its result. */
const EARLY_WAIT_HEAD = 30;

/** The life of containers. */
export const containerHandlers: Handlers<
  | 'ContainerList'
  | 'ContainerCreate'
  | 'ContainerInspect'
  | 'ContainerTop'
  | 'ContainerChanges'
  | 'ContainerUpdate'
  | 'ContainerStart'
  | 'ContainerStop'
  | 'ContainerRestart'
  | 'ContainerKill'
  | 'ContainerRename'
  | 'ContainerPause'
  | 'ContainerUnpause'
  | 'ContainerWait'
  | 'ContainerDelete'
  | 'ContainerPrune'
> = {
  async ContainerList({ call, query }, { containers }) {
    const filters = { ...query.filters };
    if (query.since !== undefined) filters.since = [query.since];
    if (query.before !== undefined) filters.before = [query.before];
    const limit = query.limit !== undefined && query.limit > 0 ? query.limit : undefined;
    const list = await containers.list({
      all: query.all ?? false,
      size: query.size ?? false,
      filters,
      ...defined({ limit }),
    });
    call.sendJson(200, list.map(completeContainerSummary));
  },

  async ContainerCreate({ call, query, body, warnings }, { containers }) {
    const adapted = adaptCreateRequest(body, call.version);
    const options = defined({ name: query.name, platform: query.platform });
    const created = await containers.create(adapted.request, options);
    call.sendJson(201, { ...created, Warnings: [...warnings, ...created.Warnings, ...adapted.warnings] });
  },

  async ContainerInspect({ call, path, query }, { containers }) {
    const found = await containers.inspect(path.name, { size: query.size ?? false });
    const complete = completeContainerInspect(found);
    call.sendJson(200, adaptContainerInspect(complete, call.version));
  },

  async ContainerTop({ call, path, query }, { containers }) {
    call.sendJson(200, await containers.top(path.name, query.ps_args ?? '-ef'));
  },

  async ContainerChanges({ call, path }, { containers }) {
    const changes = await containers.changes(path.name);
    // Docker's clients tell an empty list by null.
    call.sendJson(200, changes.length > 0 ? changes : null);
  },

  async ContainerUpdate({ call, path, body, warnings }, { containers }) {
    const updated = await containers.update(path.name, body);
    const all = [...warnings, ...(updated.Warnings ?? [])];
    call.sendJson(200, { Warnings: all.length > 0 ? all : null });
  },

  async ContainerStart({ call, path, query }, { containers }) {
    const { checkpoint, 'checkpoint-dir': dir } = query;
    await containers.start(path.name, checkpoint ? { checkpoint, ...defined({ checkpointDir: dir }) } : {});
    call.sendEmpty(204);
  },

  async ContainerStop({ call, path, query }, { containers }) {
    await containers.stop(path.name, defined({ signal: query.signal, timeout: query.t }));
    call.sendEmpty(204);
  },

  async ContainerRestart({ call, path, query }, { containers }) {
    await containers.restart(path.name, defined({ signal: query.signal, timeout: query.t }));
    call.sendEmpty(204);
  },

  async ContainerKill({ call, path, query }, { containers }) {
    await containers.kill(path.name, query.signal);
    call.sendEmpty(204);
  },

  async ContainerRename({ call, path, query }, { containers }) {
    await containers.rename(path.name, query.name ?? '');
    call.sendEmpty(204);
  },

  async ContainerPause({ call, path }, { containers }) {
    await containers.pause(path.name);
    call.sendEmpty(204);
  },

  async ContainerUnpause({ call, path }, { containers }) {
    await containers.unpause(path.name);
    call.sendEmpty(204);
  },

  async ContainerWait({ call, path, query }, { containers }) {
    const condition = WAIT_CONDITIONS[query.condition ?? ''];
    if (!condition) {
      throw new PouchError('invalid-argument', `invalid condition: ${JSON.stringify(query.condition?.slice(0, 64))}`);
    }
    const { result } = containers.wait(path.name, condition, call.signal);
    call.markEndless();
    if (call.version < EARLY_WAIT_HEAD) {
      call.sendJson(200, await result);
      return;
    }
    // A container that is not there is known by now; what comes later has to be told in the body.
    result.catch(() => {});
    call.startStream('application/json');
    const answer = await result.catch((error: unknown) => {
      if (call.signal.aborted) throw error;
      return { StatusCode: -1, Error: { Message: error instanceof Error ? error.message : String(error) } };
    });
    call.response.end(`${JSON.stringify(answer)}\n`);
  },

  async ContainerDelete({ call, path, query }, { containers }) {
    await containers.remove(path.name, {
      force: query.force ?? false,
      volumes: query.v ?? false,
      link: query.link ?? false,
    });
    call.sendEmpty(204);
  },

  async ContainerPrune({ call, query }, { containers }) {
    call.sendJson(200, await containers.prune(query.filters ?? {}));
  },
};
