import { query } from '../query.ts';
import { ExecCreateRequest, ExecCreateResponse, ExecInspect, ExecStartRequest } from '../schemas/exec.ts';
import { endpoint, optionalBody, respond } from './endpoint.ts';

export const execEndpoints = {
  ExecCreate: endpoint({
    method: 'POST',
    path: '/containers/{name}/exec',
    tag: 'Exec',
    summary: 'Prepare a command in a running container',
    body: optionalBody(ExecCreateRequest),
    responses: { 201: respond.json(ExecCreateResponse, 'It is prepared.') },
    errors: [404, 409],
  }),
  ExecStart: endpoint({
    method: 'POST',
    path: '/exec/{id}/start',
    tag: 'Exec',
    summary: 'Start a prepared command',
    hijack: true,
    body: optionalBody(ExecStartRequest),
    responses: {
      101: respond.stdio('The connection is a stream now.'),
      200: respond.stdio('The same without Upgrade; with Detach, an empty body.'),
    },
    errors: [404, 409, 502],
  }),
  ExecResize: endpoint({
    method: 'POST',
    path: '/exec/{id}/resize',
    tag: 'Exec',
    summary: "Set the size of a command's terminal",
    query: { h: query.required(query.int('Rows.')), w: query.required(query.int('Columns.')) },
    responses: { 200: respond.empty('It is set.') },
    errors: [404],
  }),
  ExecInspect: endpoint({
    method: 'GET',
    path: '/exec/{id}/json',
    tag: 'Exec',
    summary: 'Everything about a command',
    responses: { 200: respond.json(ExecInspect, 'The command.') },
    errors: [404],
  }),
} as const;
