import { PouchError } from '@pouch/base';
import { adaptImageInspect, adaptImageSummary } from '../compat/image-shapes.ts';
import { registryAuth } from '../http/registry-auth.ts';
import { streamBody } from '../http/request-body.ts';
import { TAR } from './container-streams.ts';
import type { Handlers } from './handler.ts';
import { defined, onePlatform, platformText } from './parameters.ts';
import { endProgress, progressTo } from './progress.ts';

/** Images, but for what moves them to and from registries. */
export const imageHandlers: Handlers<
  | 'ImageList'
  | 'ImageInspect'
  | 'ImageHistory'
  | 'ImageAttestations'
  | 'ImageTag'
  | 'ImageDelete'
  | 'ImageSearch'
  | 'ImagePrune'
  | 'ImageGet'
  | 'ImageGetAll'
  | 'ImageLoad'
  | 'ImageCommit'
> = {
  async ImageList({ call, query }, { images }) {
    if (query.identity && !query.manifests) {
      throw new PouchError('invalid-argument', 'conflicting options: identity requires manifests=1');
    }
    const filters = { ...query.filters };
    if (query.filter !== undefined) filters.reference = [query.filter];
    const list = await images.list({
      all: query.all ?? false,
      filters,
      digests: query.digests ?? false,
      sharedSize: query['shared-size'] ?? false,
      manifests: query.manifests ?? false,
    });
    call.sendJson(
      200,
      list.map((item) => adaptImageSummary(item, call.version, query.manifests ?? false)),
    );
  },

  async ImageInspect({ call, path, query }, { images }) {
    if (query.manifests && query.platform) {
      throw new PouchError(
        'invalid-argument',
        'conflicting options: manifests and platform options cannot both be set',
      );
    }
    const options = { manifests: query.manifests ?? false, ...defined({ platform: platformText(query.platform) }) };
    call.sendJson(200, adaptImageInspect(await images.inspect(path.name, options), call.version));
  },

  async ImageHistory({ call, path, query }, { images }) {
    call.sendJson(200, await images.history(path.name, platformText(query.platform)));
  },

  async ImageAttestations({ call, path, query }, { images }) {
    const platform = onePlatform(query.platform);
    const types = (query.type ?? []).map((type) => type.trim()).filter((type) => type !== '');
    const options = { types, statement: query.statement ?? false, ...defined({ platform }) };
    call.sendJson(200, await images.attestations(path.name, options));
  },

  async ImageTag({ call, path, query }, { images }) {
    await images.tag(path.name, query.tag === undefined ? query.repo : `${query.repo}:${query.tag}`);
    call.sendEmpty(201);
  },

  async ImageDelete({ call, path, query }, { images }) {
    if (query.platforms) {
      throw new PouchError('unsupported', 'single platforms of an image cannot be removed; remove the image');
    }
    call.sendJson(
      200,
      await images.remove(path.name, { force: query.force ?? false, noPrune: query.noprune ?? false }),
    );
  },

  async ImageSearch({ call, query }, { images }) {
    const auth = registryAuth(call.header('x-registry-auth'));
    call.sendJson(200, await images.search(query.term, defined({ limit: query.limit, filters: query.filters, auth })));
  },

  async ImagePrune({ call, query }, { images }) {
    call.sendJson(200, await images.prune(query.filters ?? {}));
  },

  async ImageGet({ call, path, query }, { images }) {
    const options = { signal: call.signal, ...defined({ platform: onePlatform(query.platform) }) };
    await call.writeStream(TAR, images.save([path.name], options));
  },

  async ImageGetAll({ call, query }, { images }) {
    const options = { signal: call.signal, ...defined({ platform: onePlatform(query.platform) }) };
    await call.writeStream(TAR, images.save(query.names, options));
  },

  async ImageLoad({ call, query }, { images }) {
    await images.load(streamBody(call.request), {
      quiet: query.quiet ?? false,
      onProgress: progressTo(call),
      signal: call.signal,
      ...defined({ platform: onePlatform(query.platform) }),
    });
    endProgress(call);
  },

  async ImageCommit({ call, query, body }, { containers }) {
    const { container = '' } = query;
    if (container === '') throw new PouchError('invalid-argument', 'invalid name or ID supplied: ""');
    const Id = await containers.commit(container, {
      pause: query.pause ?? true,
      changes: (query.changes ?? []).flatMap((change) => change.split('\n')).filter((line) => line.trim() !== ''),
      config: body,
      ...defined({ repository: query.repo, tag: query.tag, comment: query.comment, author: query.author }),
    });
    call.sendJson(201, { Id });
  },
};
