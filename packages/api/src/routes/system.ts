import { query } from '../query.ts';
import { EventMessage } from '../schemas/events.ts';
import { AuthConfig, AuthResponse } from '../schemas/registry.ts';
import { SystemDataUsage } from '../schemas/system-df.ts';
import { SystemInfo } from '../schemas/system-info.ts';
import { SystemVersion } from '../schemas/system-version.ts';
import { endpoint, jsonBody, respond } from './endpoint.ts';

const PING_HEADERS = {
  'Api-Version': 'The newest API version of the daemon.',
  'Docker-Experimental': 'true or false.',
  Ostype: 'linux',
};
/** Of the answer to a ping, where there is a builder. */
const optionalHeaders = {
  Swarm: 'inactive',
  'Builder-Version': 'The builder to use: 2 is BuildKit.',
};
const pong = { ...respond.text('OK'), headers: PING_HEADERS, optionalHeaders } as const;

export const systemEndpoints = {
  SystemPing: endpoint({
    method: 'GET',
    path: '/_ping',
    tag: 'System',
    summary: 'Is the daemon there?',
    responses: { 200: pong },
  }),
  SystemPingHead: endpoint({
    method: 'HEAD',
    path: '/_ping',
    tag: 'System',
    summary: 'Is the daemon there? Headers only.',
    responses: { 200: { ...respond.empty('It is.'), headers: PING_HEADERS, optionalHeaders } },
  }),
  SystemVersion: endpoint({
    method: 'GET',
    path: '/version',
    tag: 'System',
    summary: 'Versions of the daemon and its parts',
    responses: { 200: respond.json(SystemVersion, 'The versions.') },
  }),
  SystemInfo: endpoint({
    method: 'GET',
    path: '/info',
    tag: 'System',
    summary: 'What this host and its daemon can do',
    responses: { 200: respond.json(SystemInfo, 'The facts.') },
  }),
  SystemEvents: endpoint({
    method: 'GET',
    path: '/events',
    tag: 'System',
    summary: 'What happens, as it happens',
    query: {
      since: query.string('Events from then on: seconds since the epoch, RFC 3339, or a duration before now.'),
      until: query.string('End with the events of then; without it the stream stays open.'),
      filters: query.filters([
        'container',
        'daemon',
        'event',
        'image',
        'label',
        'network',
        'plugin',
        'scope',
        'type',
        'volume',
      ]),
    },
    responses: { 200: respond.jsonStream(EventMessage, 'Events.') },
  }),
  SystemDataUsage: endpoint({
    method: 'GET',
    path: '/system/df',
    tag: 'System',
    summary: 'Disk use',
    query: {
      type: query.since('1.42', query.strings('container, image, volume or build-cache; without it all.')),
      verbose: query.since('1.52', query.bool('List the items too.')),
    },
    responses: { 200: respond.json(SystemDataUsage, 'The use.') },
  }),
  SystemAuth: endpoint({
    method: 'POST',
    path: '/auth',
    tag: 'System',
    summary: 'Try credentials at a registry',
    body: jsonBody(AuthConfig),
    responses: {
      200: respond.json(AuthResponse, 'They are good; a token may come back.'),
      204: respond.empty('They are good.'),
    },
    errors: [401, 503],
  }),
} as const;
