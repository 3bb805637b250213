import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseReference } from '@pouch/oci';
import { FaultyRegistry, type Handler, serve } from './faulty-registry.ts';
import { collectingLogger, exampleBlob, exampleManifest, makeClient, opener, temporaryDirectory } from './fixtures.ts';

const BLOB = exampleBlob(2_000_000);
const BLOB_PATH = `/v2/app/blobs/${BLOB.descriptor.digest}`;

/** Fetch the example blob from a registry with this behaviour. */
async function fetchFrom(handler: Handler, timeouts = {}) {
  await using directory = await temporaryDirectory();
  await using registry = await FaultyRegistry.start(handler);
  using client = makeClient({ timeouts });
  try {
    const file = await client.fetchBlob(parseReference(`${registry.domain}/app:1`), BLOB.descriptor, directory.path);
    assert.deepEqual(await readFile(file), BLOB.bytes);
  } finally {
    fetchFrom.left = await readdir(directory.path);
  }
  return registry.requests;
}
fetchFrom.left = [] as string[];

test('a connection that is cut again and again is resumed where it broke', async () => {
  const requests = await fetchFrom((request, response, count) =>
    serve(request, response, BLOB.bytes, Math.min(count * 300_000, 2_000_000)),
  );
  assert.ok(requests.length >= 6);
  assert.ok(requests.slice(1).every(({ headers }) => headers.range !== undefined));
});

test('a server that ignores ranges is read again from the start', async () => {
  await fetchFrom((request, response, count) => {
    delete request.headers.range;
    serve(request, response, BLOB.bytes, count < 3 ? 700_000 : 2_000_000);
  });
});

test('a server that answers with another range than asked for is read again from the start', async () => {
  await fetchFrom((request, response, count) => {
    if (count === 1) return serve(request, response, BLOB.bytes, 500_000);
    if (request.headers.range === undefined) return serve(request, response, BLOB.bytes);
    response
      .writeHead(206, { 'content-range': 'bytes 0-9/2000000', 'content-length': 10 })
      .end(BLOB.bytes.subarray(0, 10));
  });
});

test('a corrupted blob is refused by name and leaves nothing behind', async () => {
  const corrupted = Buffer.from(BLOB.bytes);
  corrupted[1_234_567] = (corrupted[1_234_567] ?? 0) ^ 1;
  await assert.rejects(
    fetchFrom((request, response) => serve(request, response, corrupted)),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'data-loss');
      assert.match(
        error.message,
        new RegExp(`blob ${BLOB.descriptor.digest} of 127.0.0.1:\\d+/app from registry 127.0.0.1:\\d+ is corrupted`),
      );
      return true;
    },
  );
  assert.deepEqual(fetchFrom.left, []);
  const longer = Buffer.concat([BLOB.bytes, BLOB.bytes]);
  await assert.rejects(
    fetchFrom((request, response) => serve(request, response, longer)),
    { code: 'data-loss' },
  );
  await assert.rejects(
    fetchFrom((_request, response) => response.end(longer)),
    { code: 'data-loss' },
  );
});

test('a stalled body is given up and resumed; one that never moves fails in time', async () => {
  const stall: Handler = (request, response, count) => {
    if (count > 1) return serve(request, response, BLOB.bytes);
    response.writeHead(200, { 'content-length': BLOB.bytes.length });
    response.write(BLOB.bytes.subarray(0, 100_000));
  };
  await fetchFrom(stall, { stall: 200 });
  await assert.rejects(
    fetchFrom((_request, response) => response.writeHead(200, { 'content-length': 2_000_000 }).flushHeaders(), {
      stall: 50,
    }),
    { code: 'deadline-exceeded' },
  );
});

test('429 and 503 are waited out, Retry-After honoured; 500 for ever is reported', async () => {
  const started = Date.now();
  const requests = await fetchFrom((request, response, count) => {
    if (count === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else if (count === 2) response.writeHead(503).end();
    else serve(request, response, BLOB.bytes);
  });
  assert.ok(requests.length === 3 && Date.now() - started >= 1000);
  await assert.rejects(
    fetchFrom((_request, response) => response.writeHead(500).end('<html>')),
    { code: 'upstream', message: /HTTP status 500/ },
  );
});

test('a redirect to another host carries no authorisation, and redirects for ever end', async () => {
  await using storage = await FaultyRegistry.start((request, response) => serve(request, response, BLOB.bytes));
  await using registry = await FaultyRegistry.start((request, response) => {
    if (!request.headers.authorization) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    else response.writeHead(307, { location: `${storage.url}/data` }).end();
  });
  await using directory = await temporaryDirectory();
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/app:1`);
  const credentials = { username: 'u', password: 'p' };
  await client.fetchBlob(reference, BLOB.descriptor, directory.path, { credentials });
  assert.equal(storage.requests[0]?.headers.authorization, undefined);
  const loop: Handler = (_request, response) => void response.writeHead(302, { location: '/again' }).end();
  await assert.rejects(fetchFrom(loop), /redirects more than/);
  assert.ok(!(await askedByRedirect()));
  await assert.rejects(
    fetchFrom((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()),
    /not HTTP/,
  );
});

/** Whether a host that the registry redirects to can make the client bring a user's password elsewhere. */
async function askedByRedirect(): Promise<boolean> {
  await using thief = await FaultyRegistry.start((_request, response) => response.end('{"token":"x"}'));
  await using storage = await FaultyRegistry.start((_request, response) =>
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${thief.url}/"` }).end(),
  );
  await using registry = await FaultyRegistry.start((_request, response) =>
    response.writeHead(307, { location: `${storage.url}/data` }).end(),
  );
  using client = makeClient();
  const call = { credentials: { username: 'u', password: 'p' } };
  await assert.rejects(
    client.readBlob(parseReference(`${registry.domain}/app:1`), BLOB.descriptor, 1e7, call),
    /denied/,
  );
  return thief.requests.length > 0;
}

test('bearer tokens: scopes, one token for many requests, a fresh one when refused, identity tokens', async () => {
  const { config, manifest } = exampleManifest([]);
  let valid = 0;
  await using tokens = await FaultyRegistry.start((_request, response) => {
    valid += 1;
    response.end(JSON.stringify({ token: `t${valid}`, expires_in: 300, refresh_token: 'refresh' }));
  });
  await using registry = await FaultyRegistry.start((request, response) => {
    if (request.headers.authorization !== `Bearer t${valid}`) {
      response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="${tokens.url}/token",service="svc",scope="repository:evil:*"`,
        })
        .end();
    } else if (request.url === '/v2/') response.end('{}');
    else if (request.url?.includes('/manifests/'))
      response.writeHead(200, { 'content-type': manifest.descriptor.mediaType }).end(manifest.bytes);
    else response.end(config.bytes);
  });
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/app:1`);
  const call = { credentials: { username: 'u', password: 'p' } };
  await client.getManifest(reference, call);
  await client.readBlob(reference, config.descriptor, 1e6, call);
  assert.equal(tokens.requests.length, 1);
  const asked = new URL(tokens.requests[0]?.url ?? '', tokens.url).searchParams;
  assert.deepEqual(
    [asked.get('service'), asked.getAll('scope'), asked.get('account')],
    ['svc', ['repository:app:pull'], 'u'],
  );
  assert.match(tokens.requests[0]?.headers.authorization ?? '', /^Basic /);
  // The registry forgets the token: one more is fetched, without an error.
  valid += 1;
  await client.getManifest(reference, call);
  assert.equal(tokens.requests.length, 2);
  assert.deepEqual(await client.login(registry.domain, call), { identityToken: 'refresh' });
  await client.getManifest(reference, { credentials: { identitytoken: 'refresh' } });
  assert.equal(tokens.requests.at(-1)?.method, 'POST');
});

test('hostile challenges and tokens are refused', async () => {
  const challenge =
    (header: string): Handler =>
    (_request, response) =>
      void response.writeHead(401, { 'www-authenticate': header }).end();
  for (const header of [
    'Bearer realm="file:///etc/passwd"',
    'Bearer realm="http://u:p@127.0.0.1/"',
    'Bearer realm="x"',
  ]) {
    await assert.rejects(fetchFrom(challenge(header)), /not a safe address/);
  }
  for (const header of ['Bearer', 'Negotiate', 'Bearer realm', '"', 'Basic realm="x']) {
    await assert.rejects(fetchFrom(challenge(header)), /pull access denied/);
  }
});

test('mirrors come first, are left with the reason logged, and never see the credentials of a user', async () => {
  await using broken = await FaultyRegistry.start((_request, response) => response.writeHead(404).end());
  await using demanding = await FaultyRegistry.start((_request, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  await using corrupting = await FaultyRegistry.start((request, response) =>
    serve(request, response, Buffer.alloc(BLOB.bytes.length)),
  );
  await using origin = await FaultyRegistry.start((request, response) => serve(request, response, BLOB.bytes));
  await using directory = await temporaryDirectory();
  const { logger, lines } = collectingLogger();
  const mirrors = ['http://127.0.0.1:1', broken.url, demanding.url, corrupting.url].map((url) => ({ url }));
  using client = makeClient({ hosts: { [origin.domain]: { mirrors } } }, logger);
  const call = { credentials: { username: 'u', password: 'secret' } };
  const file = await client.fetchBlob(parseReference(`${origin.domain}/app:1`), BLOB.descriptor, directory.path, call);
  assert.deepEqual(await readFile(file), BLOB.bytes);
  const warnings = lines.filter((line) => line.includes('registry mirror failed'));
  assert.equal(warnings.length, 4);
  assert.ok(warnings[0]?.includes('ECONNREFUSED') && warnings[3]?.includes('is corrupted'));
  assert.ok(
    [broken, demanding, corrupting].every(({ requests }) =>
      requests.every(({ headers }) => headers.authorization === undefined),
    ),
  );
  assert.ok(!lines.join('').includes('secret'));
});

test('an upload that breaks goes on where the registry says it is', async () => {
  const received: Buffer[] = [];
  const size = (): number => received.reduce((sum, { length }) => sum + length, 0);
  let patches = 0;
  await using registry = await FaultyRegistry.start((request, response) => {
    const location = '/v2/app/blobs/uploads/1?state=x';
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.method === 'POST') response.writeHead(202, { location }).end();
    else if (request.method === 'GET') response.writeHead(204, { location, range: `0-${size() - 1}` }).end();
    else if (request.method === 'PUT') response.writeHead(Buffer.concat(received).equals(BLOB.bytes) ? 201 : 400).end();
    else {
      const limit = (patches += 1) < 3 ? patches * 600_000 : Number.POSITIVE_INFINITY;
      request.on('data', (chunk: Buffer) => {
        if (size() >= limit) request.socket.destroy();
        else received.push(chunk);
      });
      request.on('end', () => response.writeHead(202, { location }).end());
    }
  });
  using client = makeClient();
  const reference = parseReference(`${registry.domain}/app:1`);
  assert.equal(await client.pushBlob(reference, BLOB.descriptor, { open: opener(BLOB) }), 'uploaded');
  assert.equal(patches, 3);
  assert.ok(registry.requests.some(({ headers }) => /^\d+-1999999$/.test(String(headers['content-range']))));
});

test('manifests that are too large, schema 1, corrupted or HTML are refused', async () => {
  const { manifest } = exampleManifest([]);
  const answer =
    (body: Buffer | string, headers: Record<string, string>): Handler =>
    (_request, response) =>
      void response.writeHead(200, headers).end(body);
  const cases: [Handler, object][] = [
    [answer(Buffer.alloc(5 * 1024 * 1024), {}), { code: 'too-large' }],
    [
      answer('{"schemaVersion":1}', { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }),
      { code: 'unsupported' },
    ],
    [answer(manifest.bytes, { 'docker-content-digest': BLOB.descriptor.digest }), { code: 'data-loss' }],
    [answer('<html>', { 'content-type': 'text/html' }), { code: 'invalid-argument' }],
  ];
  for (const [handler, expected] of cases) {
    await using registry = await FaultyRegistry.start(handler);
    using client = makeClient();
    await assert.rejects(client.getManifest(parseReference(`${registry.domain}/app:1`)), expected);
  }
});

test('the blob path is what the specification says', async () => {
  const requests = await fetchFrom((request, response) => serve(request, response, BLOB.bytes));
  assert.deepEqual(
    requests.map(({ url }) => url),
    [BLOB_PATH],
  );
});
