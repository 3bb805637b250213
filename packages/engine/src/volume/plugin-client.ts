import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { errnoCode, errorMessage, PouchError, retry } from '@pouch/base';
import type { PluginAddress } from './plugin-discovery.ts';

const CONTENT_TYPE = 'application/vnd.docker.plugins.v1.2+json';
/** More than a plugin with many thousand volumes lists. */
const MAX_RESPONSE = 16 * 1024 * 1024;

/** Docker's plugin protocol: every call is a POST of JSON to `/Interface.Method`. */
export class PluginClient {
  readonly #address: PluginAddress;

  constructor(address: PluginAddress) {
    this.#address = address;
  }

  /**
   * Call a method; a plugin that is just starting is waited for a little. Throws `upstream` with the plugin's own words
   * when it answers with an error, `unavailable` when it does not answer within `timeout` milliseconds.
   */
  async call(method: string, body: object = {}, timeout = 120_000): Promise<Record<string, unknown>> {
    const send = async (): Promise<Record<string, unknown>> => await this.#send(method, JSON.stringify(body), timeout);
    // Only a call that cannot have reached the plugin is made again.
    const retryIf = (error: unknown): boolean => ['ECONNREFUSED', 'ENOENT'].includes(errnoCode(error) ?? '');
    try {
      return await retry(send, { attempts: 4, delay: 100, retryIf });
    } catch (error) {
      if (error instanceof PouchError) throw error;
      throw new PouchError('unavailable', `The plugin ${this.#address.name} does not answer: ${errorMessage(error)}`, {
        cause: error,
      });
    }
  }

  async #send(method: string, body: string, timeout: number): Promise<Record<string, unknown>> {
    const options: RequestOptions = {
      method: 'POST',
      path: `/${method}`,
      headers: { Accept: CONTENT_TYPE, 'Content-Type': CONTENT_TYPE, 'Content-Length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeout),
      agent: false,
    };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.#open(options).then((request) => {
        request.once('response', resolve);
        request.once('error', reject);
        request.end(body);
      }, reject);
    });
    return this.#read(method, response.statusCode ?? 0, await readAll(response, this.#address.name));
  }

  async #open(options: RequestOptions): Promise<ReturnType<typeof httpRequest>> {
    const { socketPath, url, tls } = this.#address;
    if (socketPath !== undefined) return httpRequest({ ...options, socketPath, host: 'localhost' });
    if (url?.protocol !== 'https:') return httpRequest({ ...options, host: url?.hostname, port: url?.port || 80 });
    const [ca, cert, key] = await Promise.all([tls?.caFile, tls?.certFile, tls?.keyFile].map(readIfNamed));
    return httpsRequest({
      ...options,
      host: url.hostname,
      port: url.port || 443,
      rejectUnauthorized: !tls?.insecure,
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
    });
  }

  #read(method: string, status: number, text: string): Record<string, unknown> {
    let answer: unknown;
    try {
      answer = JSON.parse(text || '{}');
    } catch {
      answer = status === 200 ? undefined : { Err: text.trim().slice(0, 1000) };
    }
    const { name } = this.#address;
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
      throw new PouchError(
        'upstream',
        `The plugin ${name} answered ${method} with something other than a JSON object.`,
      );
    }
    const fields = answer as Record<string, unknown>;
    const problem = typeof fields.Err === 'string' && fields.Err !== '' ? fields.Err : undefined;
    if (problem === undefined && status === 200) return fields;
    throw new PouchError('upstream', `${method}: ${problem ?? `the plugin ${name} answered with status ${status}`}`, {
      details: { plugin: name, status },
    });
  }
}

async function readAll(response: IncomingMessage, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_RESPONSE)
      throw new PouchError('upstream', `The plugin ${name} answers with more than ${MAX_RESPONSE} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function readIfNamed(path: string | undefined): Promise<Buffer | undefined> {
  return path === undefined ? undefined : await readFile(path);
}
