import { query } from '../query.ts';
import { list } from '../schema/type.ts';
import { Checkpoint, CheckpointCreateRequest } from '../schemas/checkpoint.ts';
import { endpoint, respond, warningBody } from './endpoint.ts';

const dir = query.string('Directory of the checkpoints; that of the container without it.');

export const checkpointEndpoints = {
  CheckpointCreate: endpoint({
    method: 'POST',
    path: '/containers/{name}/checkpoints',
    tag: 'Container',
    summary: "Freeze a container's processes into files",
    body: warningBody(CheckpointCreateRequest),
    responses: { 201: respond.empty('It is written.') },
    errors: [404, 409, 501],
  }),
  CheckpointList: endpoint({
    method: 'GET',
    path: '/containers/{name}/checkpoints',
    tag: 'Container',
    summary: "List a container's checkpoints",
    query: { dir },
    responses: { 200: respond.json(list(Checkpoint), 'The checkpoints.') },
    errors: [404],
  }),
  CheckpointDelete: endpoint({
    method: 'DELETE',
    path: '/containers/{name}/checkpoints/{checkpoint}',
    tag: 'Container',
    summary: 'Remove a checkpoint',
    query: { dir },
    responses: { 204: respond.empty('It is gone.') },
    errors: [404],
  }),
} as const;
