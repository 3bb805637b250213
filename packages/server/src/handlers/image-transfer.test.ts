import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { createLogger } from '@pouch/base';
import { fakeServices } from '../testkit/fake-services.testkit.ts';
import { exchange, requestText, serve } from '../testkit/raw-client.testkit.ts';

test('a download that breaks off is the fault of its server, with a reason', async () => {
  const lines: string[] = [];
  const web = createServer((_, response) => {
    response.writeHead(200, { 'Content-Length': 1_000_000 });
    response.write('x'.repeat(1000));
    setTimeout(() => response.destroy(), 20);
  });
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
  const address = web.address();
  assert.ok(address && typeof address === 'object');
  try {
    await using api = await serve(
      fakeServices({
        logger: createLogger({ level: 'error', format: 'text', write: (line) => lines.push(line) }),
        images: {
          import: async (source) => {
            for await (const _ of source);
            return 'sha256:x';
          },
        },
      }),
    );
    const url = `http://127.0.0.1:${address.port}/x.tar`;
    const answer = await exchange(
      api.path,
      requestText('POST', `/images/create?fromSrc=${encodeURIComponent(url)}`, ''),
    );
    assert.match(answer, /^HTTP\/1\.1 502 [\s\S]*downloading http:\S+ broke off: \w+/);
    assert.deepEqual(lines, []);
  } finally {
    web.closeAllConnections();
    web.close();
  }
});
