import { query } from '../query.ts';
import { endpoint, respond } from './endpoint.ts';

/** Connections for BuildKit, in Docker's form: an HTTP/1.1 upgrade to HTTP/2 without TLS. */
export const buildKitEndpoints = {
  Session: endpoint({
    method: 'POST',
    path: '/session',
    tag: 'System',
    summary: 'Let BuildKit call this client: for files, secrets, credentials',
    since: '1.31',
    hijack: true,
    responses: { 101: respond.empty('The connection speaks HTTP/2 now, with the client as the server.') },
    errors: [501, 503],
  }),
  BuildKit: endpoint({
    method: 'POST',
    path: '/grpc',
    tag: 'System',
    summary: "BuildKit's gRPC services",
    since: '1.39',
    hijack: true,
    responses: { 101: respond.empty('The connection speaks HTTP/2 now.') },
    errors: [501, 503],
  }),
  BuildCancel: endpoint({
    method: 'POST',
    path: '/build/cancel',
    tag: 'System',
    summary: 'End a build of BuildKit',
    since: '1.39',
    query: { id: query.required(query.string('As its buildid was.')) },
    responses: { 200: respond.empty('It ends, if it ran.') },
  }),
} as const;
