import { query } from '../query.ts';
import { dict, json, list, nullable, str } from '../schema/type.ts';
import { BuildPruneResponse } from '../schemas/image-actions.ts';
import { JSONMessage } from '../schemas/json-message.ts';
import { Ulimit } from '../schemas/resources.ts';
import { endpoint, respond, TAR_TYPES } from './endpoint.ts';

export const buildEndpoints = {
  ImageBuild: endpoint({
    method: 'POST',
    path: '/build',
    tag: 'Image',
    summary: 'Build an image of a Dockerfile and its context',
    differs: [
      'Stages are built at the same time, and those that the target does not need are left out and not counted.',
      'An instruction that changes no file makes no layer, and is not said to run in a container.',
      'The ids of steps between are no images; the last aux is the only one.',
      'What Docker leaves to BuildKit but needs none works: --chmod, here-documents, ADD --checksum, TARGETARCH and the like.',
    ],
    query: {
      dockerfile: query.string('Path of the Dockerfile in the context; Dockerfile without it.'),
      t: query.strings('Name, with or without a tag.'),
      extrahosts: query.strings('name:address, for RUN.'),
      remote: query.string('In place of a body: URL of an archive, of a Dockerfile, or of a git repository.'),
      q: query.bool('Only the id at the end.'),
      nocache: query.bool(),
      cachefrom: query.json(list(str()), 'Images whose steps may be taken over, as JSON.'),
      pull: query.bool('Ask the registry for newer base images.'),
      rm: query.bool('Remove the containers of steps; on unless it is false.'),
      forcerm: query.bool('Also those of steps that failed.'),
      memory: query.int('Bytes, for RUN.'),
      memswap: query.int('Memory and swap; -1 for no limit.'),
      cpushares: query.int(),
      cpusetcpus: query.string(),
      cpusetmems: query.string(),
      cpuperiod: query.int('Microseconds.'),
      cpuquota: query.int('Microseconds.'),
      cgroupparent: query.string(),
      ulimits: query.json(list(Ulimit), 'As JSON.'),
      shmsize: query.int('Bytes.'),
      buildargs: query.json(dict(nullable(str())), 'As JSON; null for an argument without a value.'),
      labels: query.json(dict(str()), 'As JSON.'),
      squash: query.differs('Refused, as by a dockerd without experimental features.', query.bool('Refused.')),
      securityopt: query.strings('Refused.'),
      networkmode: query.string('For RUN.'),
      isolation: query.string('Only default.'),
      platform: query.since('1.32', query.string('os[/architecture[/variant]]')),
      target: query.string('Stop at this stage.'),
      outputs: query.since('1.40', query.json(list(json()), 'Only for version 2.')),
      session: query.string('Only for version 2.'),
      buildid: query.string('Only for version 2.'),
      version: query.since('1.38', query.string('1: the classic builder; 2: BuildKit.')),
    },
    body: {
      kind: 'binary',
      mediaTypes: TAR_TYPES,
      optional: true,
      description: 'The context: a tar archive, plain or compressed.',
    },
    responses: { 200: respond.jsonStream(JSONMessage, 'Progress; the id is in the last aux.') },
    errors: [404, 413, 501],
  }),
  BuildPrune: endpoint({
    method: 'POST',
    path: '/build/prune',
    tag: 'Image',
    summary: 'Remove unused build cache',
    since: '1.31',
    query: {
      all: query.since('1.39', query.bool('Also what images have a part of.')),
      'keep-storage': query.since('1.39', query.int('Bytes.')),
      'reserved-space': query.since('1.48', query.int('Bytes of the newest cache that stay.')),
      'max-used-space': query.since('1.48', query.int('Bytes of cache at most.')),
      'min-free-space': query.since('1.48', query.int('Bytes that the disk shall have free.')),
      filters: query.since(
        '1.39',
        query.differs(
          'Nothing in the cache has a label: with label nothing is removed, where dockerd does not look at it and removes all.',
          query.filters(['until', 'unused-for', 'id', 'parent', 'type', 'description', 'inuse', 'shared', 'private']),
        ),
      ),
    },
    responses: { 200: respond.json(BuildPruneResponse, 'What was removed.') },
  }),
} as const;
