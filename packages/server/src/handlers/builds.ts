import { type AuthConfig, decodeAuthConfigs, type OperationQuery } from '@pouch/api';
import { asPouchError, PouchError } from '@pouch/base';
import { type BuildLimits, type BuildRequest, BuildStepError } from '@pouch/engine';
import type { Call } from '../http/call.ts';
import { hasBody, streamBody } from '../http/request-body.ts';
import { buildWithBuildKit } from './build-kit-build.ts';
import type { Handlers } from './handler.ts';
import { defined } from './parameters.ts';
import { progressTo } from './progress.ts';

type BuildQuery = OperationQuery<'ImageBuild'>;

/** Building images. */
export const buildHandlers: Handlers<'ImageBuild' | 'BuildPrune'> = {
  async ImageBuild({ call, query }, services) {
    if (query.version === '2') return await buildWithBuildKit(call, query, services.buildKit);
    refuse(query);
    const { builds } = services;
    const progress = progressTo(call);
    const quiet = query.q ?? false;
    let failure: unknown;
    const id = await builds
      .build(requestOf(call, query, (message) => (quiet ? undefined : progress(message))))
      .catch((error: unknown) => {
        failure = error;
        return '';
      });
    if (failure !== undefined) return answerFailure(call, failure);
    if (quiet) progress({ stream: `${id}\n` });
    call.jsonStream('\r\n').end();
  },

  /** Of both builders' caches. */
  async BuildPrune({ call, query }, { builds, buildKit }) {
    const { all = false, filters = {} } = query;
    const options = {
      all,
      filters,
      ...defined({
        reservedSpace: query['reserved-space'] ?? query['keep-storage'],
        maxUsedSpace: query['max-used-space'],
        minFreeSpace: query['min-free-space'],
      }),
    };
    const classic = await builds.prune(options);
    const other = buildKit.available ? await buildKit.prune(options, call.signal) : undefined;
    const deleted = [...(classic.CachesDeleted ?? []), ...(other?.CachesDeleted ?? [])];
    call.sendJson(200, {
      CachesDeleted: deleted.length > 0 ? deleted : null,
      SpaceReclaimed: classic.SpaceReclaimed + (other?.SpaceReclaimed ?? 0),
    });
  },
};

/** A failure after the first byte is a line; a step's carries its exit code. Anything else is an ordinary answer. */
function answerFailure(call: Call, failure: unknown): void {
  const stream = call.startedJsonStream;
  if (!(failure instanceof BuildStepError)) throw failure;
  if (stream) stream.fail(failure.message, failure.exitCodeOfStep);
  else call.jsonStream('\r\n').fail(failure.message, failure.exitCodeOfStep);
}

/** What the classic builder cannot do, in Docker's words where it has some. */
function refuse(query: BuildQuery): void {
  const { version = '1', outputs = [], squash, securityopt, isolation } = query;
  if (version !== '1') {
    throw new PouchError('invalid-argument', `invalid version ${JSON.stringify(version.slice(0, 20))}`);
  }
  if (outputs.length > 0) {
    throw new PouchError(
      'invalid-argument',
      'the classic builder makes images only: outputs need BuildKit (version=2)',
    );
  }
  if (squash) {
    throw new PouchError(
      'invalid-argument',
      'squash is only supported with experimental mode, which Pouch does not have',
    );
  }
  if (securityopt) throw new PouchError('invalid-argument', 'security options are not supported on linux');
  if (isolation !== undefined && isolation !== 'default') {
    throw new PouchError('invalid-argument', `unsupported isolation: ${JSON.stringify(isolation)}`);
  }
}

function requestOf(call: Call, query: BuildQuery, onProgress: BuildRequest['onProgress']): BuildRequest {
  const forceRemove = query.forcerm ?? false;
  return {
    ...(hasBody(call.request) && { context: streamBody(call.request) }),
    ...defined({ remote: query.remote, platform: query.platform }),
    dockerfile: query.dockerfile ?? '',
    tags: query.t ?? [],
    buildArgs: query.buildargs ?? {},
    labels: query.labels ?? {},
    target: query.target ?? '',
    noCache: query.nocache ?? false,
    cacheFrom: query.cachefrom ?? [],
    pull: query.pull ?? false,
    quiet: query.q ?? false,
    remove: forceRemove || (query.rm ?? true),
    forceRemove,
    networkMode: query.networkmode ?? '',
    extraHosts: query.extrahosts ?? [],
    limits: limitsOf(query),
    auths: registryAuths(call),
    onProgress,
    signal: call.signal,
  };
}

function limitsOf(query: BuildQuery): BuildLimits {
  return defined({
    memory: query.memory,
    memorySwap: query.memswap,
    cpuShares: query.cpushares,
    cpuPeriod: query.cpuperiod,
    cpuQuota: query.cpuquota,
    cpusetCpus: query.cpusetcpus,
    cpusetMems: query.cpusetmems,
    cgroupParent: query.cgroupparent,
    shmSize: query.shmsize,
    ulimits: query.ulimits,
  });
}

/** As with Docker, a header that cannot be read is none. */
function registryAuths(call: Call): Record<string, AuthConfig> {
  try {
    return decodeAuthConfigs(call.header('x-registry-config')) ?? {};
  } catch (error) {
    call.logger.debug('X-Registry-Config cannot be read', { error: asPouchError(error).message });
    return {};
  }
}
