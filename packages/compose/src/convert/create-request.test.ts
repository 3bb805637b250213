import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProjectFiles } from '../load/project.testkit.ts';
import type { Project, Service } from '../project/project.ts';
import { type CreatePlan, createRequest } from './create-request.ts';
import { serviceHash } from './labels.ts';

const FILE = `services:
  app:
    image: busybox
    command: serve --all
    environment: [A=1, PASSED]
    ports: ["127.0.0.1:8080:80", "53:53/udp"]
    expose: ["9000-9001"]
    volumes: ["./src:/src:ro", "data:/data", "/anon"]
    networks:
      back: {priority: 5, aliases: [db], ipv4_address: 10.0.0.5}
      front:
    secrets: [token]
    configs: [{source: motd, target: /etc/motd, mode: 0440}]
    cap_drop: [all]
    cap_add: [net_admin]
    restart: on-failure:3
    stop_grace_period: 1m30s
    healthcheck: {test: ok, interval: 1m, retries: 2}
    deploy: {resources: {limits: {cpus: "0.5", memory: 64m, pids: 9}, reservations: {memory: 32m}}}
    mem_limit: 1g
    extra_hosts: {other: 10.0.0.9}
    pid: service:peer
    shm_size: 1m
    ulimits: {nofile: {soft: 1, hard: 2}}
  peer: {image: busybox}
networks: {front: {}, back: {name: shared}}
volumes: {data: {}}
secrets: {token: {file: ./token}}
configs: {motd: {content: hello}}
`;

function plan(file: string = FILE): { project: Project; service: Service; plan: CreatePlan } {
  using files = new ProjectFiles({ 'compose.yaml': file });
  const project = files.load();
  const service = project.services.get('app') as Service;
  const created = createRequest(project, service, {
    containerName: 'demo-app-1',
    image: 'busybox',
    labels: {},
    containerOf: (name) => `id-of-${name}`,
    links: [],
    aliases: true,
    publish: true,
    inherited: new Map([
      ['/anon', 'before'],
      ['/from-image', 'kept'],
    ]),
  });
  return { project, service, plan: created };
}

test('a service as the API creates it', () => {
  const { request, injected } = plan().plan;
  assert.deepEqual(request.Cmd, ['serve', '--all']);
  assert.deepEqual(request.Env, ['A=1', 'PASSED']);
  assert.equal(request.StopTimeout, 90);
  assert.deepEqual(request.Healthcheck, { Test: ['CMD-SHELL', 'ok'], Interval: 60e9, Retries: 2 });
  assert.deepEqual(Object.keys(request.ExposedPorts ?? {}).toSorted(), ['53/udp', '80/tcp', '9000/tcp', '9001/tcp']);
  const host = request.HostConfig;
  assert.deepEqual(host?.PortBindings?.['80/tcp'], [{ HostIp: '127.0.0.1', HostPort: '8080' }]);
  assert.deepEqual([host?.CapAdd, host?.CapDrop], [['CAP_NET_ADMIN'], ['ALL']]);
  assert.deepEqual(host?.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.deepEqual(
    [host?.NanoCpus, host?.Memory, host?.MemoryReservation, host?.PidsLimit, host?.ShmSize],
    [5e8, 64 * 2 ** 20, 32 * 2 ** 20, 9, 2 ** 20],
  );
  assert.deepEqual([host?.PidMode, host?.ExtraHosts], ['container:id-of-peer', ['other:10.0.0.9']]);
  assert.deepEqual(host?.Ulimits, [{ Name: 'nofile', Soft: 1, Hard: 2 }]);
  assert.deepEqual(
    injected.map(({ path, mode, content }) => [path, mode, content.toString()]),
    [['/etc/motd', 0o440, 'hello']],
  );
});

test('the network with the highest priority comes first, and names are those of the daemon', () => {
  const { request } = plan().plan;
  assert.equal(request.HostConfig?.NetworkMode, 'shared');
  const endpoints = request.NetworkingConfig?.EndpointsConfig ?? {};
  assert.deepEqual(Object.keys(endpoints), ['shared', 'demo_front']);
  assert.deepEqual(endpoints['shared']?.Aliases, ['demo-app-1', 'app', 'db']);
  assert.deepEqual(endpoints['shared']?.IPAMConfig, { IPv4Address: '10.0.0.5' });
});

test('mounts: paths, volumes, files of secrets, and anonymous volumes that go over', () => {
  const mounts = plan().plan.request.HostConfig?.Mounts ?? [];
  assert.deepEqual(
    mounts.map(({ Type, Source, Target }) => [Type, Source?.replace(/^\/.*\//, ''), Target]),
    [
      ['bind', 'src', '/src'],
      ['volume', 'demo_data', '/data'],
      ['volume', 'before', '/anon'],
      ['bind', 'token', '/run/secrets/token'],
      ['volume', 'kept', '/from-image'],
    ],
  );
});

test('the hash changes with what makes a container, and with nothing else', () => {
  const hash = (file: string): string => {
    const { project, service } = plan(file);
    // The directory differs from test to test.
    return serviceHash(project, { ...service, volumes: [], secrets: [] });
  };
  const base = hash(FILE);
  assert.equal(
    hash(FILE.replace('    image: busybox\n', '    image: busybox\n    scale: 4\n    profiles: []\n')),
    base,
  );
  assert.notEqual(hash(FILE.replace('serve --all', 'serve')), base);
  assert.notEqual(hash(FILE.replace('content: hello', 'content: bye')), base);
  assert.notEqual(hash(FILE.replace('name: shared', 'name: other')), base);
});
