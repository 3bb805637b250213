import { query } from '../query.ts';
import { endpoint, respond, TAR_TYPES } from './endpoint.ts';

const PATH_STAT = { 'X-Docker-Container-Path-Stat': 'ContainerPathStat as JSON in base64.' };
const path = query.string('A path in the container. Required.');

const attachQuery = {
  detachKeys: query.string('Such as ctrl-p,ctrl-q.'),
  logs: query.bool('What was written before comes first.'),
  stream: query.bool('What is written from now on.'),
  stdin: query.bool(),
  stdout: query.bool(),
  stderr: query.bool(),
};

/** Endpoints of a container whose bodies are streams of bytes. */
export const containerStreamEndpoints = {
  ContainerLogs: endpoint({
    method: 'GET',
    path: '/containers/{name}/logs',
    tag: 'Container',
    summary: 'What a container wrote',
    query: {
      follow: query.bool('Stay for what is yet to come.'),
      stdout: query.bool(),
      stderr: query.bool(),
      since: query.string('Seconds since the epoch, with a fraction if need be.'),
      until: query.since('1.35', query.string('The same.')),
      timestamps: query.bool(),
      details: query.bool("The log driver's labels and variables before each line."),
      tail: query.string('A number of lines, or all.'),
    },
    responses: { 200: respond.stdio('The lines.') },
    errors: [404, 501],
  }),
  ContainerAttach: endpoint({
    method: 'POST',
    path: '/containers/{name}/attach',
    tag: 'Container',
    summary: "Connect to a container's standard streams",
    hijack: true,
    query: attachQuery,
    responses: {
      101: respond.stdio('The connection is a stream now.'),
      200: respond.stdio('The same, without Upgrade.'),
    },
    errors: [404, 409],
  }),
  ContainerAttachWebsocket: endpoint({
    method: 'GET',
    path: '/containers/{name}/attach/ws',
    tag: 'Container',
    summary: "Connect to a container's standard streams through a WebSocket",
    websocket: true,
    query: attachQuery,
    responses: { 101: respond.empty('The connection is a WebSocket now.') },
    errors: [404, 409],
  }),
  ContainerResize: endpoint({
    method: 'POST',
    path: '/containers/{name}/resize',
    tag: 'Container',
    summary: "Set the size of a container's terminal",
    query: { h: query.required(query.int('Rows.')), w: query.required(query.int('Columns.')) },
    responses: { 200: respond.empty('It is set.') },
    errors: [404, 409],
  }),
  ContainerExport: endpoint({
    method: 'GET',
    path: '/containers/{name}/export',
    tag: 'Container',
    summary: "A container's file system as a tar archive",
    responses: { 200: respond.tar('The archive.') },
    errors: [404],
  }),
  ContainerArchiveInfo: endpoint({
    method: 'HEAD',
    path: '/containers/{name}/archive',
    tag: 'Container',
    summary: 'Facts about a file in a container',
    query: { path },
    responses: { 200: { ...respond.empty('It exists.'), headers: PATH_STAT } },
    errors: [404],
  }),
  ContainerArchive: endpoint({
    method: 'GET',
    path: '/containers/{name}/archive',
    tag: 'Container',
    summary: 'Copy a file or directory out of a container, as a tar archive',
    query: { path },
    responses: { 200: respond.tar('The archive.', PATH_STAT) },
    errors: [404],
  }),
  PutContainerArchive: endpoint({
    method: 'PUT',
    path: '/containers/{name}/archive',
    tag: 'Container',
    summary: 'Unpack a tar archive in a container',
    query: {
      path,
      noOverwriteDirNonDir: query.bool('Fail rather than replace a directory by a file or the reverse.'),
      copyUIDGID: query.bool('Keep owners.'),
    },
    body: {
      kind: 'binary',
      mediaTypes: TAR_TYPES,
      description: 'A tar archive, plain or compressed with gzip, bzip2, xz or zstd.',
    },
    responses: { 200: respond.empty('It is unpacked.') },
    errors: [403, 404],
  }),
} as const;
