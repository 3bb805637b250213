import { query } from '../query.ts';
import { Volume, VolumeCreateRequest, VolumeListResponse, VolumePruneResponse } from '../schemas/volume.ts';
import { endpoint, optionalBody, respond } from './endpoint.ts';

export const volumeEndpoints = {
  VolumeList: endpoint({
    method: 'GET',
    path: '/volumes',
    tag: 'Volume',
    summary: 'List volumes',
    query: { filters: query.filters(['dangling', 'driver', 'label', 'name']) },
    responses: { 200: respond.json(VolumeListResponse, 'The volumes.') },
  }),
  VolumeCreate: endpoint({
    method: 'POST',
    path: '/volumes/create',
    tag: 'Volume',
    summary: 'Create a volume',
    body: optionalBody(VolumeCreateRequest),
    responses: { 201: respond.json(Volume, 'It is created, or was there already.') },
    errors: [404, 409, 501],
  }),
  VolumeInspect: endpoint({
    method: 'GET',
    path: '/volumes/{name}',
    tag: 'Volume',
    summary: 'Everything about a volume',
    responses: { 200: respond.json(Volume, 'The volume.') },
    errors: [404],
  }),
  VolumeDelete: endpoint({
    method: 'DELETE',
    path: '/volumes/{name}',
    tag: 'Volume',
    summary: 'Remove a volume',
    query: { force: query.since('1.25', query.bool()) },
    responses: { 204: respond.empty('It is gone.') },
    errors: [404, 409],
  }),
  VolumePrune: endpoint({
    method: 'POST',
    path: '/volumes/prune',
    tag: 'Volume',
    summary: 'Remove unused volumes',
    since: '1.25',
    query: { filters: query.filters(['all', 'label', 'label!']) },
    responses: { 200: respond.json(VolumePruneResponse, 'What was removed.') },
    errors: [409],
  }),
} as const;
