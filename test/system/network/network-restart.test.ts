import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { NetworkFixture } from './network-fixture.ts';
import { inOwnNetns } from './own-netns.ts';

if (inOwnNetns(import.meta.url)) {
  test('containers keep their networks through a restart; what has no container goes', async () => {
    await using fixture = await NetworkFixture.start();
    await fixture.manager.create({ Name: 'app' });
    const web = await fixture.manager.attach(
      fixture.request('web', { networkMode: 'app', portBindings: { '80/tcp': [{ HostPort: '8080' }] } }),
    );
    const client = await fixture.manager.attach(fixture.request('client', { networkMode: 'app' }));
    const dead = await fixture.manager.attach(
      fixture.request('dead', { portBindings: { '80/tcp': [{ HostPort: '9090' }] } }),
    );
    await fixture.serve(web.netnsPath as string, 80, 'hello');
    await fixture.manager[Symbol.asyncDispose]();

    assert.equal(await fixture.ask(undefined, '127.0.0.1', 8080), 'hello', 'answers while no daemon runs');
    const gateway = client.networks['app']?.Gateway ?? '';
    const started = Date.now();
    const question = fixture.run(client.netnsPath as string, 'busybox', 'nslookup', 'web', gateway);
    await sleep(500);
    await fixture.restart([web.containerId, client.containerId]);
    assert.match(
      (await question).stdout,
      /Address: 172\.\d+/,
      'a question asked meanwhile is answered after the restart',
    );
    assert.ok(Date.now() - started > 500);

    assert.deepEqual(fixture.manager.sandbox(web.containerId), web);
    assert.equal(fixture.manager.sandbox(dead.containerId), undefined);
    assert.equal(await fixture.ask(undefined, '127.0.0.1', 8080), 'hello');
    assert.equal(await fixture.ask(undefined, '::1', 8080), 'hello', 'the proxy is back');
    await assert.rejects(
      fixture.manager.attach(fixture.request('thief', { portBindings: { '80/tcp': [{ HostPort: '8080' }] } })),
      /port is already allocated/,
    );
    await fixture.manager.attach(fixture.request('heir', { portBindings: { '80/tcp': [{ HostPort: '9090' }] } }));
    await fixture.manager.settled();
    assert.ok(!fixture.store.list('sandbox').some((record) => record.json.includes(dead.id)));
  });

  test('half-made and half-removed things are found and repaired', async () => {
    await using fixture = await NetworkFixture.start();
    await fixture.manager.create({ Name: 'app' });
    const one = await fixture.manager.attach(fixture.request('one', { networkMode: 'app' }));
    await fixture.manager[Symbol.asyncDispose]();
    const record = fixture.store.list('sandbox').find(({ id }) => id === one.id);
    assert.ok(record);
    const parsed = JSON.parse(record.json) as { endpoints: Record<string, unknown>[] };
    // Recorded but never made: an endpoint, and a sandbox.
    const extra = { ...parsed.endpoints[0], id: 'e'.repeat(64), hostInterface: 'pveeeeeeeeeeee', ipv4: '172.18.0.77' };
    fixture.store.put({ ...record, json: JSON.stringify({ ...parsed, endpoints: [...parsed.endpoints, extra] }) });
    const ghost = { id: 'd'.repeat(64), state: 'making', netns: 'dddddddddddd', endpoints: [], ports: [] };
    fixture.store.put({ kind: 'sandbox', id: ghost.id, json: JSON.stringify(ghost) });
    // Lost to someone else: the table, the bridge's port, a namespace without a record.
    await exec('nft', ['delete', 'table', 'inet', 'pouch_test']);
    const port = parsed.endpoints[0]?.['hostInterface'] as string;
    await exec('ip', ['link', 'set', port, 'nomaster']);
    await exec('sh', [
      '-c',
      `touch ${fixture.directory}/netns/stray && unshare --net=${fixture.directory}/netns/stray true`,
    ]);

    await fixture.restart([one.containerId]);
    await fixture.manager.settled();
    assert.deepEqual(fixture.manager.sandbox(one.containerId), one);
    const gateway = one.networks['app']?.Gateway ?? '';
    assert.equal((await fixture.run(one.netnsPath as string, 'busybox', 'ping', '-c1', '-w2', gateway)).code, 0);
    assert.equal(fixture.store.get('sandbox', ghost.id), undefined);
    assert.ok(!(await exec('ls', [`${fixture.directory}/netns`])).stdout.includes('stray'));
    await exec('nft', ['flush', 'ruleset']);
    const two = await fixture.manager.attach(
      fixture.request('two', { portBindings: { '80/tcp': [{ HostPort: '8080' }] } }),
    );
    await fixture.serve(two.netnsPath as string, 80, 'back');
    assert.equal(
      await fixture.ask(undefined, '127.0.0.1', 8080),
      'back',
      'the table is put up again when it was flushed',
    );
  });

  test('a prepared namespace is taken up again, not leaked', async () => {
    await using fixture = await NetworkFixture.start();
    for (let wait = 0; wait < 100 && fixture.manager.poolSizes().bridge < 2; wait += 1) await sleep(50);
    const before = fixture.store.list('sandbox').map(({ id }) => id);
    await fixture.restart([]);
    assert.equal(fixture.manager.poolSizes().bridge, 2);
    await fixture.manager.settled();
    assert.deepEqual(
      fixture.store
        .list('sandbox')
        .map(({ id }) => id)
        .toSorted(),
      before.toSorted(),
    );
  });
}
