import type { Endpoint, ResponseSpec } from './routes/endpoint.ts';
import { endpointOf, OPERATIONS, type Operation } from './routes/table.ts';
import { type JsonSchema, lifespanOf } from './schema/type.ts';
import { ErrorResponse } from './schemas/error-response.ts';
import { MULTIPLEXED_STREAM, RAW_STREAM } from './stream.ts';
import { API_VERSION, MIN_API_VERSION } from './version.ts';

/** What JSON can hold. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const ERROR_TEXT: Readonly<Record<number, string>> = {
  400: 'A parameter or the body is wrong.',
  401: 'The credentials are wrong.',
  403: 'It is not allowed.',
  404: 'There is no such object.',
  409: "It is in conflict with the object's state or another's name.",
  500: 'The daemon failed.',
};

/** The OpenAPI 3.1 document of the whole API. Every schema with a title is a component of that name. */
export function openApiDocument(): JsonObject {
  const components = new Components();
  const paths: JsonObject = {};
  for (const operation of OPERATIONS) {
    const endpoint = endpointOf(operation);
    const item = (paths[endpoint.path] ??= {}) as JsonObject;
    item[endpoint.method.toLowerCase()] = operationObject(operation, endpoint, components);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pouch Engine API',
      version: API_VERSION,
      description: `The shapes of the Docker Engine API. Paths take a version before them, from /v${MIN_API_VERSION} to /v${API_VERSION}; without one it is ${API_VERSION}.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `/v${API_VERSION}` }, { url: '/' }],
    tags: [...new Set(OPERATIONS.map((operation) => endpointOf(operation).tag))].map((name) => ({ name })),
    paths,
    components: { schemas: components.schemas },
  };
}

/** Collects the named schemas and puts references in their place. */
class Components {
  readonly schemas: { [name: string]: Json } = {};
  readonly #sources = new Map<string, JsonSchema>();

  reference(schema: JsonSchema): JsonObject {
    const { 'x-of': of } = schema;
    if (of) return { ...this.reference(of), ...(lifespanOf(schema) as JsonObject) };
    if (schema.title === undefined) return this.#plain(schema);
    const known = this.#sources.get(schema.title);
    if (known !== undefined && known !== schema) throw new Error(`Two schemas are called ${schema.title}.`);
    if (known === undefined) {
      this.#sources.set(schema.title, schema);
      this.schemas[schema.title] = this.#plain(schema);
    }
    return { $ref: `#/components/schemas/${schema.title}` };
  }

  #plain(schema: JsonSchema): JsonObject {
    const { properties, items, anyOf, additionalProperties, ...rest } = schema;
    return {
      ...(rest as JsonObject),
      ...(properties && {
        properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, this.reference(of)])),
      }),
      ...(items && { items: this.reference(items) }),
      ...(anyOf && { anyOf: anyOf.map((choice) => this.reference(choice)) }),
      ...(additionalProperties !== undefined && {
        additionalProperties: additionalProperties === false ? false : this.reference(additionalProperties),
      }),
    };
  }
}

function operationObject(operation: Operation, endpoint: Endpoint, components: Components): JsonObject {
  return {
    operationId: operation,
    summary: endpoint.summary,
    tags: [endpoint.tag],
    ...(endpoint.since !== undefined && { 'x-since-version': endpoint.since }),
    ...(endpoint.hijack && { 'x-hijack': true }),
    ...(endpoint.websocket && { 'x-websocket': true }),
    ...parameters(endpoint, components),
    ...requestBody(endpoint, components),
    responses: responses(endpoint, components),
  };
}

function parameters(endpoint: Endpoint, components: Components): JsonObject {
  const list: JsonObject[] = [...endpoint.path.matchAll(/\{(\w+)\}/g)].map((match) => ({
    name: match[1] as string,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(endpoint.nameHoldsSlashes && { description: 'It may hold slashes.', 'x-holds-slashes': true }),
  }));
  for (const [name, field] of Object.entries(endpoint.query ?? {})) {
    const schema = components.reference(field.schema);
    list.push({
      name,
      in: 'query',
      ...(field.description !== undefined && { description: field.description }),
      ...(field.required && { required: true }),
      ...(field.since !== undefined && { 'x-since-version': field.since }),
      ...(field.encoded && !field.repeated ? { content: { 'application/json': { schema } } } : { schema }),
      ...(field.repeated && { style: 'form', explode: true }),
    });
  }
  if (endpoint.registryAuth) {
    list.push({
      name: 'X-Registry-Auth',
      in: 'header',
      description: 'AuthConfig as JSON in base64url.',
      schema: { type: 'string' },
    });
  }
  return list.length > 0 ? { parameters: list } : {};
}

function requestBody(endpoint: Endpoint, components: Components): JsonObject {
  const { body } = endpoint;
  if (!body) return {};
  const required = body.optional !== true;
  if (body.kind === 'json') {
    return {
      requestBody: { required, content: { 'application/json': { schema: components.reference(body.schema) } } },
    };
  }
  const content = Object.fromEntries(body.mediaTypes.map((type) => [type, {}]));
  return { requestBody: { required, description: body.description, content } };
}

function responses(endpoint: Endpoint, components: Components): JsonObject {
  const out: JsonObject = {};
  for (const [status, spec] of Object.entries(endpoint.responses)) out[status] = responseObject(spec, components);
  for (const status of [400, ...(endpoint.errors ?? []), 500]) {
    out[status] = {
      description: ERROR_TEXT[status] ?? 'It failed.',
      content: { 'application/json': { schema: components.reference(ErrorResponse) } },
    };
  }
  return out;
}

function responseObject(spec: ResponseSpec, components: Components): JsonObject {
  const headers = Object.entries(spec.headers ?? {});
  const content = responseContent(spec, components);
  return {
    description: spec.description,
    ...(headers.length > 0 && {
      headers: Object.fromEntries(
        headers.map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
      ),
    }),
    ...(content && { content }),
  };
}

function responseContent(spec: ResponseSpec, components: Components): JsonObject | undefined {
  switch (spec.kind) {
    case 'empty':
      return undefined;
    case 'text':
      return { 'text/plain': { schema: { type: 'string' } } };
    case 'json':
      return { 'application/json': { schema: components.reference(spec.schema) } };
    case 'json-stream': {
      const schema = components.reference(spec.schema);
      return { 'application/json': { schema }, 'application/x-ndjson': { schema } };
    }
    case 'binary':
      return { [spec.mediaType]: {} };
    case 'stdio':
      return { [RAW_STREAM]: {}, [MULTIPLEXED_STREAM]: {} };
  }
}
