import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProjectFiles } from '../load/project.testkit.ts';
import { writeYaml } from '../tree/write-yaml.ts';
import { goDuration, projectConfig } from './config-output.ts';

test('what config prints means the same when it is read again', () => {
  using files = new ProjectFiles({
    '.env': 'TAG=1',
    'compose.yaml': `services:
  web:
    image: "x:\${TAG}"
    command: echo $$HOME
    ports: ["80", "8080-8081:90-91"]
    volumes: ["./a:/a:ro", "v:/v", "/anon"]
    healthcheck: {test: "true", interval: 1m30s, timeout: 500ms}
    mem_limit: 64m
    depends_on: [db]
    secrets: [{source: s, mode: 0400}]
    stop_grace_period: 90s
    extra_hosts: ["h:1.2.3.4"]
    ulimits: {nofile: 5}
  db: {image: y}
volumes: {v: {}}
secrets: {s: {environment: TAG}}
`,
  });
  const first = projectConfig(files.load());
  files.write('again.yaml', writeYaml(first));
  assert.deepEqual(projectConfig(files.load({ files: ['again.yaml'] })), first);
});

test('durations as Go prints them', () => {
  assert.deepEqual([0, 500, 5000, 90_000, 5_400_000].map(goDuration), ['0s', '500ms', '5s', '1m30s', '1h30m0s']);
});
