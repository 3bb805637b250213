import { encodePathStat, MULTIPLEXED_STREAM, PATH_STAT_HEADER, RAW_STREAM } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { streamBody } from '../http/request-body.ts';
import { wireBytes } from '../stream/output-frames.ts';
import type { Handlers } from './handler.ts';
import { defined, parseTail, parseTimestamp, terminalSize } from './parameters.ts';

export const TAR = 'application/x-tar';
/** Since this version the media type tells frames from raw bytes. */
export const MULTIPLEXED_SINCE = 42;

/** Streams of bytes from and to containers, over plain HTTP. */
export const containerStreamHandlers: Handlers<
  | 'ContainerLogs'
  | 'ContainerStats'
  | 'ContainerResize'
  | 'ContainerExport'
  | 'ContainerArchiveInfo'
  | 'ContainerArchive'
  | 'PutContainerArchive'
> = {
  async ContainerLogs({ call, path, query }, { containers }) {
    const stdout = query.stdout ?? false;
    const stderr = query.stderr ?? false;
    if (!stdout && !stderr) {
      throw new PouchError('invalid-argument', "must specify at least one of 'stdout' or 'stderr'");
    }
    const follow = query.follow ?? false;
    const { tty, output } = await containers.logs(
      path.name,
      {
        stdout,
        stderr,
        follow,
        timestamps: query.timestamps ?? false,
        details: query.details ?? false,
        ...defined({
          since: parseTimestamp(query.since, 'since'),
          until: parseTimestamp(query.until, 'until'),
          tail: parseTail(query.tail),
        }),
      },
      call.signal,
    );
    if (follow) call.markEndless();
    const contentType = tty || call.version < MULTIPLEXED_SINCE ? RAW_STREAM : MULTIPLEXED_STREAM;
    // A follower of a silent container must see that it is connected.
    if (follow) call.startStream(contentType);
    await call.writeStream(contentType, wireBytes(output, !tty));
  },

  async ContainerStats({ call, path, query }, { containers }) {
    const stream = query.stream ?? true;
    const oneShot = query['one-shot'] ?? false;
    if (stream && oneShot) {
      throw new PouchError('invalid-argument', 'cannot have stream=true and one-shot=true');
    }
    const readings = containers.stats(path.name, { stream, oneShot }, call.signal);
    if (stream) call.markEndless();
    const out = call.jsonStream();
    for await (const reading of readings) {
      await out.send(reading);
      if (!stream || call.response.destroyed) break;
    }
    out.end();
  },

  async ContainerResize({ call, path, query }, { containers }) {
    await containers.resize(path.name, terminalSize(query));
    call.sendEmpty(200);
  },

  async ContainerExport({ call, path }, { containers }) {
    await call.writeStream('application/octet-stream', containers.exportFilesystem(path.name, call.signal));
  },

  async ContainerArchiveInfo({ call, path, query }, { containers }) {
    call.response.setHeader(PATH_STAT_HEADER, encodePathStat(await containers.statPath(path.name, given(query.path))));
    call.sendEmpty(200);
  },

  async ContainerArchive({ call, path, query }, { containers }) {
    const { stat, tar } = await containers.getArchive(path.name, given(query.path), call.signal);
    call.response.setHeader(PATH_STAT_HEADER, encodePathStat(stat));
    await call.writeStream(TAR, tar);
  },

  async PutContainerArchive({ call, path, query }, { containers }) {
    await containers.putArchive(path.name, given(query.path), streamBody(call.request), {
      noOverwriteDirNonDir: query.noOverwriteDirNonDir ?? false,
      copyUIDGID: query.copyUIDGID ?? false,
      signal: call.signal,
    });
    call.sendEmpty(200);
  },
};

function given(path: string | undefined): string {
  if (path === undefined) throw new PouchError('invalid-argument', 'bad parameter: path cannot be empty');
  return path;
}
