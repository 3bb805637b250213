import { ContainerUpgradeRequest, ContainerUpgradeResponse } from '../schemas/container-upgrade.ts';
import { endpoint, respond, warningBody } from './endpoint.ts';

/** Pouch's own: another image under a container. */
export const containerUpgradeEndpoints = {
  ContainerUpgrade: endpoint({
    method: 'POST',
    path: '/containers/{name}/upgrade',
    tag: 'Container',
    summary: 'Put another image under a container',
    registryAuth: true,
    body: warningBody(ContainerUpgradeRequest),
    responses: { 200: respond.json(ContainerUpgradeResponse, 'It is of the new image.') },
    errors: [404, 409],
  }),
} as const;
