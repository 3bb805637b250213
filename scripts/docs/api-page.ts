import {
  API_VERSION,
  type Endpoint,
  endpointOf,
  type JsonSchema,
  MIN_API_VERSION,
  OPERATIONS,
  type ResponseSpec,
} from '@pouch/api';
import { cell, code, generatedFrom, page, table } from './markdown.ts';

/** Every endpoint, from the table that also routes, validates and makes the OpenAPI document. */
export function apiPage(): string {
  const endpoints = OPERATIONS.map((operation) => ({ operation, endpoint: endpointOf(operation) as Endpoint }));
  const groups = Map.groupBy(endpoints, ({ endpoint }) => endpoint.tag);
  return page(
    generatedFrom('the endpoints of packages/api'),
    '# The API of pouchd',
    `HTTP with JSON, in the shapes of the Docker Engine API, on \`unix:///run/pouch/pouchd.sock\`. A path may begin with a version, from \`/v${MIN_API_VERSION}\` to \`/v${API_VERSION}\`; without one it is ${API_VERSION}. The daemon itself serves the OpenAPI 3.1 document with every schema at \`/openapi.json\`.`,
    'Every error is answered with its status and `{"message": "…"}`; [errors](errors.md) has the statuses. Besides those named below, any endpoint may answer 400 and 500.',
    ...[...groups].flatMap(([tag, of]) => [
      `## ${tag}`,
      table(
        ['Request', 'What it does'],
        of.map(({ endpoint }) => [code(`${endpoint.method} ${endpoint.path}`), cell(endpoint.summary)]),
      ),
      ...of.map(({ operation, endpoint }) => endpointSection(operation, endpoint)),
    ]),
  );
}

function endpointSection(operation: string, endpoint: Endpoint): string {
  const parts = [
    `### ${operation}`,
    `${code(`${endpoint.method} ${endpoint.path}`)}: ${endpoint.summary.replace(/[.?!]?$/, (end) => end || '.')}`,
  ];
  if (endpoint.since !== undefined) parts.push(`Since API ${endpoint.since}.`);
  if (endpoint.hijack) parts.push('The connection becomes a raw stream in both directions.');
  if (endpoint.websocket) parts.push('A WebSocket handshake.');
  if (endpoint.registryAuth) parts.push('Credentials for the registry may come in the header `X-Registry-Auth`.');
  const body = bodyText(endpoint);
  if (body !== '') parts.push(body);
  parts.push(
    table(
      ['Query', 'Type', 'What it does'],
      Object.entries(endpoint.query ?? {}).map(([name, field]) => [
        code(name) + (field.required ? ' (required)' : ''),
        cell(typeName(field.schema) + (field.repeated ? ', repeated' : '') + (field.encoded ? ', as JSON' : '')),
        cell([field.description, field.since && `Since API ${field.since}.`].filter(Boolean).join(' ')),
      ]),
    ),
    table(
      ['Status', 'Answer'],
      [
        ...Object.entries(endpoint.responses).map(([status, spec]) => [status, cell(answerText(spec))]),
        ...(endpoint.errors ?? []).map((status) => [String(status), 'ErrorResponse']),
      ],
    ),
  );
  return parts.filter((part) => part !== '').join('\n\n');
}

function bodyText({ body }: Endpoint): string {
  if (!body) return '';
  const optional = body.optional ? ', which may be left out' : '';
  if (body.kind === 'json') return `Body: ${typeName(body.schema)}${optional}.`;
  return `Body: ${body.mediaTypes.map(code).join(' or ')}${optional}. ${body.description}`;
}

function answerText(spec: ResponseSpec): string {
  switch (spec.kind) {
    case 'empty':
      return spec.description;
    case 'text':
      return `Text: ${spec.description}`;
    case 'json':
      return `${typeName(spec.schema)}: ${spec.description}`;
    case 'json-stream':
      return `A stream of ${typeName(spec.schema)}: ${spec.description}`;
    case 'binary':
      return `${spec.mediaType}: ${spec.description}`;
    case 'stdio':
      return `Output of a process, raw or multiplexed: ${spec.description}`;
  }
}

function typeName(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.enum) return schema.enum.join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeName(schema.items) : 'anything'}`;
  if (schema.type === 'object' && schema.additionalProperties) return `map to ${typeName(schema.additionalProperties)}`;
  return schema.type ?? 'anything';
}
