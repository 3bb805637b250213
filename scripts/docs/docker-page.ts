import {
  ABSENT_ENDPOINTS,
  API_VERSION,
  type Endpoint,
  endpointOf,
  GENERAL_DIFFERENCES,
  JSON_OPERATIONS,
  MIN_API_VERSION,
  OPERATIONS,
  requestFields,
} from '@pouch/api';
import { ACCEPTED_DIFFERENCES } from '../../test/compat/accepted-differences.ts';
import { OLDER_DOCKER } from '../../test/compat/older-docker.ts';
import { cell, code, generatedFrom, page, table } from './markdown.ts';

/** Where Pouch is not what a Docker daemon is, from the contract, and nothing else. */
export function dockerPage(): string {
  return page(
    generatedFrom('the contract in packages/api, test/compat/accepted-differences.ts and test/compat/older-docker.ts'),
    '# Differences from Docker',
    `Clients of the Docker Engine API talk to pouchd as they are, in any version from ${MIN_API_VERSION} to ${API_VERSION}; an older one is answered in its own shape. This page lists where the answer, or what happens, is not what dockerd 29 on a host outside any swarm makes of it. What is not listed here and differs is a fault of Pouch.`,
    'A field of a request is acted upon, or refused with an error, or in the lists below: none is dropped without a word. A field that neither knows is dropped by both, and named in `Warnings` by Pouch.',
    '## Throughout',
    table(
      ['About', 'Docker', 'Pouch', 'Why'],
      GENERAL_DIFFERENCES.map(({ about, docker, pouch, why }) => [cell(about), cell(docker), cell(pouch), cell(why)]),
    ),
    '## What clients see',
    'Found by running clients against both; the compat suite fails on any difference that is not here.',
    table(
      ['What', 'Why'],
      ACCEPTED_DIFFERENCES.map(({ what, why }) => [cell(what), cell(why)]),
    ),
    '## Beside Docker 20.10',
    'Debian 12 has this one. Where the two Dockers differ, Pouch does as Docker 29 does.',
    table(
      ['What', 'Why'],
      OLDER_DOCKER.map(({ what, why }) => [cell(what), cell(why)]),
    ),
    '## What there is not',
    'These are answered as dockerd answers where there is no swarm, no managed plugin and no experimental feature, except where the last column says why not.',
    ...[...Map.groupBy(ABSENT_ENDPOINTS, ({ feature }) => feature)].flatMap(([feature, endpoints]) => [
      `### ${feature}`,
      table(
        ['Request', 'Status', 'Different because'],
        endpoints.map(({ method, path, status, differs = '' }) => [
          code(`${method} ${path}`),
          String(status),
          cell(differs),
        ]),
      ),
    ]),
    '## Requests and their parameters',
    table(['Request', 'Parameter', 'What is different'], parameterRows()),
    '## Fields that are refused',
    table(['Request', 'Field', 'Why'], fieldRows('refused')),
    '## Fields that are not acted upon',
    table(['Request', 'Field', 'Why'], fieldRows('not-acted-upon')),
    '## Fields that mean something else',
    table(['Request', 'Field', 'What is different'], fieldRows('differs')),
  );
}

function parameterRows(): string[][] {
  return OPERATIONS.flatMap((operation) => {
    const endpoint: Endpoint = endpointOf(operation);
    const request = code(`${endpoint.method} ${endpoint.path}`);
    const whole = (endpoint.differs ?? []).map((why) => [request, '', cell(why)]);
    const parameters = Object.entries(endpoint.query ?? {}).filter(([, { differs }]) => differs !== undefined);
    return [...whole, ...parameters.map(([name, { differs = '' }]) => [request, code(name), cell(differs)])];
  });
}

/** A field that several requests share is shown with the first of them. */
function fieldRows(kind: 'refused' | 'not-acted-upon' | 'differs'): string[][] {
  const seen = new Set<unknown>();
  return JSON_OPERATIONS.flatMap((operation) => {
    const { method, path }: Endpoint = endpointOf(operation);
    return requestFields(operation)
      .filter(({ treatment }) => treatment?.kind === kind && !seen.has(treatment) && seen.add(treatment))
      .map((field) => [code(`${method} ${path}`), code(field.path), cell(field.treatment?.why ?? '')]);
  });
}
