import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly bytes: Buffer;
}

/** One request over a unix socket, its answer whole; a stream that does not end is left after `leaveAfter` milliseconds. */
export async function ask(
  socketPath: string,
  method: string,
  path: string,
  options: { body?: object | Buffer; headers?: Record<string, string>; leaveAfter?: number } = {},
): Promise<Answer> {
  const { body, headers = {}, leaveAfter } = options;
  const raw = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json';
  const given = raw ? { 'Content-Type': type, 'Content-Length': String(raw.length) } : {};
  return await new Promise<Answer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = 0;
    const done = (): void => {
      const bytes = Buffer.concat(chunks);
      resolve({ status, bytes, text: bytes.toString('utf8') });
    };
    const call = request({ socketPath, method, path, agent: false, headers: { ...given, ...headers } }, (response) => {
      status = response.statusCode ?? 0;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', done).on('error', done).on('close', done);
    });
    call.on('upgrade', (response, socket) => {
      status = response.statusCode ?? 0;
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('end', () => socket.end()).on('close', done);
    });
    // An answer that comes before the whole body was sent may close the connection.
    const sending = raw !== undefined && raw.length > 65_536;
    call.on('error', (error) => {
      if (status > 0 || sending) done();
      else reject(new Error(`${method} ${path}: ${error.message}`));
    });
    if (leaveAfter !== undefined) setTimeout(() => call.destroy(), leaveAfter).unref();
    call.end(raw);
  });
}

/** Milliseconds after which a stream without an end is left. */
const STREAM = 1500;

/**
 * Drive nearly every endpoint in one API version: what works, and what does not. `archive` is a root file system with a
 * shell as a tar archive. Everything made is removed again. What is answered is judged by whoever looks on; only a step on
 * which others stand throws.
 */
export async function driveEverything(socket: string, version: string, archive: Buffer): Promise<void> {
  const mark = `v${version.replace('.', '-')}`;
  const call = async (method: string, path: string, options: Parameters<typeof ask>[3] = {}): Promise<Answer> =>
    await ask(socket, method, `/v${version}${path}`, options);
  const made = async (method: string, path: string, body: object): Promise<string> => {
    const { status, text } = await call(method, path, { body });
    if (status !== 201) throw new Error(`${method} ${path} in ${version}: ${status} ${text}`);
    const { Id, Name } = JSON.parse(text) as { Id?: string; Name?: string };
    return Id ?? Name ?? '';
  };
  const get = async (...paths: readonly string[]): Promise<void> => {
    for (const path of paths) await call('GET', path);
  };

  await call('HEAD', '/_ping');
  await call('OPTIONS', '/info');
  await get('/_ping', '/version', '/info', '/system/df', '/system/df?verbose=1', '/plugins', '/swarm', '/nothing');
  await get(
    '/system/df?type=container&type=volume&verbose=1',
    '/system/df?type=none',
    '/volumes/none',
    '/networks/none',
  );
  const imported = `/images/create?fromSrc=-&repo=validated&tag=${mark}&changes=${encodeURIComponent('CMD ["sh"]')}`;
  await call('POST', imported, { body: archive });
  const image = `validated:${mark}`;
  await get('/images/json', '/images/json?all=1&shared-size=1&manifests=1&digests=1', '/images/none/json');
  await get(`/images/${image}/json`, `/images/${image}/json?manifests=1`, `/images/${image}/history`);
  await get(`/images/${image}/attestations`, '/images/none/history', '/images/a%20b/json');
  await call('POST', `/images/${image}/tag?repo=validated&tag=${mark}-more`);
  await call('POST', `/images/${image}/tag?repo=UPPER`);
  await call('POST', '/images/create?fromImage=localhost:1/none&tag=latest');

  const volume = await made('POST', '/volumes/create', { Name: `validated-${mark}`, Labels: { a: 'b' } });
  await get('/volumes', `/volumes/${volume}`);
  const network = await made('POST', '/networks/create', { Name: `validated-${mark}`, Driver: 'bridge' });
  await get('/networks', `/networks/${network}`, `/networks/${network}?verbose=true`, '/networks/bridge');

  const container = await made('POST', `/containers/create?name=validated-${mark}`, {
    Image: image,
    Cmd: ['sh', '-c', 'trap "exit 3" TERM; echo out; echo err >&2; while :; do sleep 0.1; done'],
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 },
    HostConfig: {
      Memory: 64 * 1024 * 1024,
      Binds: [`${volume}:/data`],
      PortBindings: { '80/tcp': [{ HostPort: '' }] },
      Annotations: { a: 'b' },
      Tmpfs: { '/run': '' },
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 },
    },
  });
  const own = `/containers/${container}`;
  await call('POST', `/containers/create?name=validated-${mark}`, { body: { Image: image } });
  await call('POST', '/containers/create', { body: { Image: 'none' } });
  await get(
    `${own}/json`,
    '/containers/json?all=1&size=1',
    `${own}/top`,
    '/containers/none/json',
    `${own}/stats?stream=0`,
  );
  await call('POST', `/networks/${network}/connect`, { body: { Container: container, EndpointConfig: {} } });
  await call('POST', `${own}/start`);
  await call('POST', `${own}/start`);
  await new Promise((resolve) => setTimeout(resolve, STREAM));
  await get(
    `${own}/json?size=1`,
    '/containers/json',
    `${own}/top`,
    `${own}/changes`,
    `${own}/logs`,
    `/networks/${network}`,
  );
  await get(`${own}/logs?stdout=1&stderr=1`, `${own}/stats?stream=0&one-shot=1`, '/system/df');
  await call('GET', `${own}/stats`, { leaveAfter: 2 * STREAM });
  await call('HEAD', `${own}/archive?path=/etc`);
  await call('HEAD', `${own}/archive?path=/none`);
  await get(`${own}/archive?path=/data`, `${own}/archive?path=/none`, `${own}/archive`, `${own}/export`);
  await call('PUT', `${own}/archive?path=/none`, { body: archive });
  await call('POST', `${own}/update`, { body: { Memory: 80 * 1024 * 1024, MemorySwap: -1 } });
  await call('POST', `${own}/resize?h=10&w=10`);
  const attach = `${own}/attach?logs=1&stdout=1&stderr=1`;
  await call('POST', attach);
  await call('POST', attach, { headers: { Connection: 'Upgrade', Upgrade: 'tcp' } });
  const exec = await made('POST', `${own}/exec`, { Cmd: ['echo', 'hello'], AttachStdout: true, AttachStderr: true });
  await call('POST', `${own}/exec`, { body: {} });
  await get(`/exec/${exec}/json`, '/exec/none/json');
  const upgrade = { body: {}, headers: { Connection: 'Upgrade', Upgrade: 'tcp' } };
  await call('POST', `/exec/${exec}/start`, upgrade);
  await call('POST', `/exec/${exec}/start`, upgrade);
  await get(`/exec/${exec}/json`, `${own}/json`);
  await call('POST', `${own}/pause`);
  await call('POST', `${own}/exec`, { body: { Cmd: ['true'] } });
  await call('POST', `${own}/pause`);
  await call('POST', `${own}/unpause`);
  await call('POST', `${own}/unpause`);
  await call('POST', `${own}/rename?name=validated-${mark}-renamed`);
  await call('POST', `/commit?container=${container}&repo=validated&tag=${mark}-commit`, { body: {} });
  await get(`/images/validated:${mark}-commit/json`);
  const saved = await ask(socket, 'GET', `/v${version}/images/get?names=${image}&names=validated:${mark}-commit`);
  await call('POST', '/images/load', { body: saved.bytes });
  await call('DELETE', own);
  await call('POST', `${own}/kill?signal=NONE`);
  const waiting = call('POST', `${own}/wait`);
  await call('POST', `${own}/stop?t=2`);
  await call('POST', `${own}/stop`);
  await waiting;
  await call('POST', `${own}/kill`);
  await call('POST', `${own}/wait`);
  await call('POST', `${own}/restart?t=1`);
  await call('DELETE', `/volumes/${volume}`);
  await call('DELETE', `/networks/${network}`);
  await call('DELETE', `/images/${image}?force=1`);
  await call('DELETE', `${own}?force=1&v=1`);
  await call('DELETE', own);
  await call('DELETE', `/networks/${network}`);
  await call('DELETE', '/networks/bridge');
  await call('DELETE', `/volumes/${volume}`);
  await call('DELETE', '/volumes/none');
  for (const tag of [mark, `${mark}-more`, `${mark}-commit`]) await call('DELETE', `/images/validated:${tag}?force=1`);
  await call('DELETE', '/images/none');
  const filters = encodeURIComponent(JSON.stringify({ label: ['validated=never'] }));
  for (const kind of ['containers', 'images', 'networks', 'volumes'])
    await call('POST', `/${kind}/prune?filters=${filters}`);
  await call('POST', '/containers/prune?filters=nonsense');
  await call('GET', '/events?since=0&until=1');
  await call('GET', `/events?since=${Math.floor(Date.now() / 1000) - 60}`, { leaveAfter: STREAM });
  await call('GET', '/distribution/localhost:1/none/json');
  await call('POST', '/auth', { body: { username: 'a', password: 'b', serveraddress: 'localhost:1' } });
}
