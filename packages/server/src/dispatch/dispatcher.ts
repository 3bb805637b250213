import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { endpointOf, openApiDocument, type Operation } from '@pouch/api';
import { asPouchError, errorMessage, type Logger, PouchError } from '@pouch/base';
import { HANDLERS } from '../handlers/all-handlers.ts';
import type { Handler, HijackOperation, Input, PlainOperation } from '../handlers/handler.ts';
import { Call } from '../http/call.ts';
import { errorAnswer, isDisconnect, pageNotFound } from '../http/errors.ts';
import { HijackedConnection } from '../http/hijack.ts';
import { checkJsonContentType, hasBody, readBody } from '../http/request-body.ts';
import type { ServerDependencies } from '../server-dependencies.ts';
import { answerAbsentFeature } from './absent-features.ts';
import { decodeJsonBody, decodeTargetQuery } from './decode-input.ts';
import { DueAnswers } from './due-answers.ts';
import { type DecodedInput, HijackExchange, runHijack } from './hijack-exchange.ts';
import { findOperation, parseTarget, requireOperation, requireVersion } from './target.ts';

export interface DispatcherOptions {
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Asked before anything else is looked at; throws for a client that may not call. */
  readonly authorize: (request: IncomingMessage) => void;
}

/** Milliseconds in which a client may finish a body that the answer did not need. */
const UNREAD_BODY_GRACE = 2000;

/** Turns requests into calls of handlers, and what those throw into answers. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #services: ServerDependencies;
  readonly #logger: Logger;
  readonly #active = new Set<Call>();
  readonly #hijacked = new Set<Duplex>();
  readonly #due = new DueAnswers();
  #count = 0;
  #isCut = false;
  #openApi: Buffer | undefined;
  #onEnd: PromiseWithResolvers<void> | undefined;

  constructor(options: DispatcherOptions, dependencies: ServerDependencies) {
    this.#options = options;
    this.#services = dependencies;
    this.#logger = dependencies.logger;
  }

  /** For the `request` event of an HTTP server. */
  readonly request = (request: IncomingMessage, response: ServerResponse): void => {
    void this.#serve(request, response);
  };

  /** For the `upgrade` event. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (this.#isCut) socket.destroy();
    else void this.#serveUpgrade(request, socket, head);
  };

  /** Requests that have come so far. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when no request is under way but such as may never end. */
  async idle(): Promise<void> {
    while ([...this.#active].some((call) => !call.endless)) await this.#nextEnd();
  }

  /** Cut every connection that has stopped being HTTP, and end what other requests wait for. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#hijacked) socket.destroy();
    for (const call of this.#active) call.cancel();
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    while (this.#active.size > 0) await this.#nextEnd();
  }

  async #nextEnd(): Promise<void> {
    this.#onEnd ??= Promise.withResolvers<void>();
    await this.#onEnd.promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const id = this.#nextId();
    const { headers } = this.#options;
    for (const name in headers) response.setHeader(name, headers[name] as string);
    this.#due.add(response, request.socket);
    let call = new Call({ id, request, response, version: 0, newest: true, logger: this.#logger });
    try {
      this.#options.authorize(request);
      const target = parseTarget(request.url ?? '/');
      call = new Call({ id, request, response, version: target.version, newest: target.newest, logger: this.#logger });
      this.#active.add(call);
      await this.#run(call, target);
    } catch (error) {
      await this.#answerError(call, error);
    } finally {
      this.#active.delete(call);
      this.#onEnd?.resolve();
      this.#onEnd = undefined;
      this.#closeUnread(call);
      this.#log(request, response.statusCode, started, id);
    }
  }

  async #run(call: Call, target: ReturnType<typeof parseTarget>): Promise<void> {
    const method = call.request.method ?? 'GET';
    const found = findOperation(method, target);
    if (!found) {
      if (target.path === '/openapi.json' && method === 'GET') this.#sendOpenApi(call);
      else if (method === 'OPTIONS') call.sendEmpty(200);
      else if (!answerAbsentFeature(call, method, target)) throw pageNotFound();
      return;
    }
    const { operation, path } = found;
    const spec = endpointOf(operation);
    requireVersion(spec, target);
    call.responses = spec.responses;
    const query = decodeTargetQuery(operation, target);
    const { body, warnings } =
      spec.body?.kind === 'json'
        ? decodeJsonBody(spec.body, await this.#readJson(call.request), target.version)
        : { body: undefined, warnings: [] };
    if (isHijack(operation)) {
      if (spec.websocket) {
        throw new PouchError('invalid-argument', 'this endpoint expects a WebSocket handshake (RFC 6455)');
      }
      await this.#runPlainHijack(operation, { path, query, body }, call);
      return;
    }
    await handlerOf(operation)({ call, path, query, body, warnings } as Input<PlainOperation>, this.#services);
  }

  /** As clients hijack that do not ask for an upgrade. */
  async #runPlainHijack(operation: HijackOperation, decoded: DecodedInput, call: Call): Promise<void> {
    const { socket } = call.request;
    const exchange = HijackExchange.plain(call, (connection) => this.#track(connection.socket));
    call.markEndless();
    // What the client sends behind its request must wait for the handler, and not be read as another request.
    socket.pause();
    try {
      // What came in one piece with this request has been read by the next turn.
      await nextTurn();
      this.#due.requireAlone(socket, call.response);
      await runHijack(operation, decoded, exchange, this.#services);
    } finally {
      if (!exchange.taken) socket.resume();
    }
  }

  async #readJson(request: IncomingMessage): Promise<Buffer> {
    if (!hasBody(request)) return Buffer.alloc(0);
    if (request.headers['content-length'] !== undefined) checkJsonContentType(request);
    const text = await readBody(request);
    // A chunked body may turn out to be empty; then its type does not matter.
    if (text.length > 0) checkJsonContentType(request);
    return text;
  }

  async #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const started = performance.now();
    const id = this.#nextId();
    const connection = HijackedConnection.fromUpgrade(request, socket, head);
    this.#track(socket);
    let status = 101;
    try {
      await this.#due.requireNone(socket);
      this.#options.authorize(request);
      const target = parseTarget(request.url ?? '/');
      const { operation, path } = requireOperation(request.method ?? 'GET', target);
      if (!isHijack(operation)) throw pageNotFound();
      const spec = endpointOf(operation);
      const query = decodeTargetQuery(operation, target);
      // Some clients send their options once more as a body: it is no input for the process.
      const text = await connection.readBody();
      const body = spec.body?.kind === 'json' ? decodeJsonBody(spec.body, text, target.version).body : undefined;
      const exchange = HijackExchange.upgraded(connection, target.version, this.#logger, this.#options.headers);
      await runHijack(operation, { path, query, body }, exchange, this.#services);
    } catch (error) {
      const answer = errorAnswer(error);
      status = answer.status;
      if (answer.unexpected) this.#logUnexpected(request, id, error);
      if (connection.answered) socket.destroy();
      else await connection.answer(status, `${JSON.stringify({ message: answer.message })}\n`, this.#options.headers);
    } finally {
      this.#log(request, status, started, id);
    }
  }

  async #answerError(call: Call, error: unknown): Promise<void> {
    const { request, response } = call;
    const answer = errorAnswer(error);
    if (answer.unexpected) this.#logUnexpected(request, call.id, error);
    if (response.destroyed || response.writableEnded || call.hijacked) return;
    const stream = call.startedJsonStream;
    if (stream) stream.fail(answer.message);
    else if (response.headersSent) {
      // A body cut short must not look whole: without its last chunk the client sees the break.
      if (!isDisconnect(error)) this.#logger.warn('an answer broke off', { request: call.id, error });
      response.destroy();
    } else {
      if (asPouchError(error).details.plainText === true) call.sendText(answer.status, `${answer.message}\n`);
      else call.sendError(answer.status, answer.message);
    }
  }

  /** A body that nobody read keeps its connection only if the client finishes it soon. */
  #closeUnread({ request, hijacked }: Call): void {
    if (request.complete || hijacked) return;
    const { socket } = request;
    const timer = setTimeout(() => {
      if (!request.complete) socket.destroy();
    }, UNREAD_BODY_GRACE);
    request.once('end', () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
    request.resume();
  }

  #track(socket: Duplex): void {
    this.#hijacked.add(socket);
    socket.once('close', () => this.#hijacked.delete(socket));
  }

  #sendOpenApi(call: Call): void {
    this.#openApi ??= Buffer.from(JSON.stringify(openApiDocument()));
    call.sendText(200, this.#openApi.toString('utf8'), 'application/json');
  }

  #nextId(): string {
    this.#count += 1;
    return this.#count.toString(36);
  }

  #log(request: IncomingMessage, status: number, started: number, id: string): void {
    const ms = Math.round((performance.now() - started) * 100) / 100;
    this.#logger.debug('request', { request: id, method: request.method, path: request.url, status, ms });
  }

  #logUnexpected(request: IncomingMessage, id: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : errorMessage(error);
    this.#logger.error('a request failed in a way that nobody foresaw', {
      request: id,
      method: request.method,
      path: request.url,
      stack,
      error,
    });
  }
}

function isHijack(operation: Operation): operation is HijackOperation {
  const { hijack, websocket } = endpointOf(operation);
  return hijack === true || websocket === true;
}

/** The compiler cannot follow that handler and input belong to the same operation; the contract says so. */
function handlerOf(operation: PlainOperation): Handler<PlainOperation> {
  return HANDLERS[operation] as Handler<PlainOperation>;
}
