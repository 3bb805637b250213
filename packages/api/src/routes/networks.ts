import { query } from '../query.ts';
import { list } from '../schema/type.ts';
import {
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworkPruneResponse,
  NetworkSummary,
} from '../schemas/network.ts';
import { endpoint, jsonBody, respond, warningBody } from './endpoint.ts';

export const networkEndpoints = {
  NetworkList: endpoint({
    method: 'GET',
    path: '/networks',
    tag: 'Network',
    summary: 'List networks',
    query: { filters: query.filters(['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']) },
    responses: { 200: respond.json(list(NetworkSummary), 'The networks.') },
  }),
  NetworkInspect: endpoint({
    method: 'GET',
    path: '/networks/{id}',
    tag: 'Network',
    summary: 'Everything about a network',
    query: {
      verbose: query.differs('It is about services of a swarm, and not looked at.', query.since('1.28', query.bool())),
      scope: query.differs('Every network is local; it is not looked at.', query.since('1.31', query.string())),
    },
    responses: { 200: respond.json(NetworkInspect, 'The network.') },
    errors: [404],
  }),
  NetworkCreate: endpoint({
    method: 'POST',
    path: '/networks/create',
    tag: 'Network',
    summary: 'Create a network',
    body: warningBody(NetworkCreateRequest),
    responses: { 201: respond.json(NetworkCreateResponse, 'It is created.') },
    errors: [403, 404, 409, 501],
  }),
  NetworkDelete: endpoint({
    method: 'DELETE',
    path: '/networks/{id}',
    tag: 'Network',
    summary: 'Remove a network',
    responses: { 204: respond.empty('It is gone.') },
    errors: [403, 404, 409],
  }),
  NetworkConnect: endpoint({
    method: 'POST',
    path: '/networks/{id}/connect',
    tag: 'Network',
    summary: 'Connect a container',
    body: jsonBody(NetworkConnectRequest),
    responses: { 200: respond.empty('It is connected.') },
    errors: [403, 404, 409],
  }),
  NetworkDisconnect: endpoint({
    method: 'POST',
    path: '/networks/{id}/disconnect',
    tag: 'Network',
    summary: 'Disconnect a container',
    body: jsonBody(NetworkDisconnectRequest),
    responses: { 200: respond.empty('It is disconnected.') },
    errors: [403, 404, 409],
  }),
  NetworkPrune: endpoint({
    method: 'POST',
    path: '/networks/prune',
    tag: 'Network',
    summary: 'Remove unused networks',
    since: '1.25',
    query: { filters: query.filters(['until', 'label', 'label!']) },
    responses: { 200: respond.json(NetworkPruneResponse, 'What was removed.') },
    errors: [409],
  }),
} as const;
