import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProjectFiles } from './project.testkit.ts';

const one = (service: string): string =>
  `services:\n  web:\n    image: busybox\n${service.replaceAll(/^/gm, '    ')}\n`;

test('the files are found upwards, with the override beside them', () => {
  using files = new ProjectFiles({
    'compose.yaml': 'services: {a: {image: x}}',
    'compose.override.yaml': 'services: {b: {image: y}}',
    'sub/deep/file': '',
  });
  const project = files.load({ cwd: join(files.directory, 'sub/deep') });
  assert.deepEqual([...project.services.keys()], ['a', 'b']);
  assert.equal(project.directory, files.directory);
});

test('names: -p, the variable, the file, the directory', () => {
  using files = new ProjectFiles({ 'My App_1/compose.yaml': 'services: {a: {image: x}}' });
  const cwd = join(files.directory, 'My App_1');
  assert.equal(files.load({ cwd, name: '' }).name, 'myapp_1');
  files.write('My App_1/compose.yaml', 'name: ${STAGE:-dev}-shop\nservices: {a: {image: "$COMPOSE_PROJECT_NAME"}}');
  assert.equal(files.load({ cwd, name: '' }).services.get('a')?.image, 'dev-shop');
  assert.equal(files.load({ cwd, name: '', environment: { COMPOSE_PROJECT_NAME: 'env' } }).name, 'env');
  assert.equal(files.load({ cwd, name: 'given', environment: { COMPOSE_PROJECT_NAME: 'env' } }).name, 'given');
  assert.match(files.fault({ cwd, name: 'Given' }), /invalid project name "Given"/);
});

test('variables: the environment before .env, --env-file instead of .env, COMPOSE_FILE in .env', () => {
  using files = new ProjectFiles({
    '.env': 'TAG=dotenv\nCOMPOSE_FILE=other.yaml:more.yaml\n',
    'other.yaml': 'services: {a: {image: "x:${TAG}"}}',
    'more.yaml': 'services: {a: {labels: [more=1]}}',
    'alt.env': 'TAG=alt',
  });
  const image = (project: ReturnType<typeof files.load>): string | undefined => project.services.get('a')?.image;
  assert.equal(image(files.load()), 'x:dotenv');
  assert.deepEqual(files.load().services.get('a')?.labels, { more: '1' });
  assert.equal(image(files.load({ environment: { TAG: 'env' } })), 'x:env');
  assert.equal(image(files.load({ files: ['other.yaml'], envFiles: ['alt.env'] })), 'x:alt');
});

test('a service’s environment: env files, then environment, then what is passed on', () => {
  using files = new ProjectFiles({
    'a.env': 'A=1\nB=1\n',
    'b.env': 'B=2\nC=$A$OUT\n',
    'compose.yaml': one('env_file: [a.env, b.env, {path: none.env, required: false}]\nenvironment: [B=3, OUT, GONE]'),
  });
  const environment = { OUT: 'out' };
  assert.deepEqual(files.load({ environment }).services.get('web')?.environment, {
    A: '1',
    B: '3',
    C: '1out',
    OUT: 'out',
    GONE: null,
  });
  files.write('compose.yaml', one('env_file: none.env'));
  assert.match(files.fault(), /env file none\.env not found/);
});

test('extends: another service, another file whose paths are its own, and no circles', () => {
  using files = new ProjectFiles({
    'lib/base.yaml': `services:
  root: {image: root, volumes: ["./data:/data"], labels: [from=root]}
  base: {extends: root, environment: {A: base, B: base}}
`,
    'compose.yaml': `services:
  web: {extends: {file: lib/base.yaml, service: base}, environment: {B: web}, command: !reset null}
  a: {image: x, extends: b}
  b: {image: x}
`,
  });
  const web = files.load().services.get('web');
  assert.equal(web?.image, 'root');
  assert.deepEqual(web?.environment, { A: 'base', B: 'web' });
  assert.equal(web?.volumes?.[0]?.source, join(files.directory, 'lib/data'));
  files.write('compose.yaml', 'services:\n  a: {extends: b}\n  b: {extends: a}\n');
  assert.match(files.fault(), /^compose\.yaml:\d+:\d+: services extend each other in a circle/);
  files.write('compose.yaml', 'services:\n  a: {extends: nobody}\n');
  assert.match(files.fault(), /^compose\.yaml:2:\d+: cannot extend service 'nobody'/);
});

test('include: a project of its own, its paths and variables, and no contradictions', () => {
  using files = new ProjectFiles({
    'sub/compose.yaml': 'services: {db: {image: "db:${V}", volumes: ["./d:/d"]}}\nvolumes: {v: {}}',
    'sub/.env': 'V=7',
    'sub/change.yaml': 'services: {db: {labels: [changed=1]}}',
    'compose.yaml': 'include: [sub/compose.yaml]\nservices: {web: {image: x, depends_on: [db], volumes: ["v:/v"]}}',
  });
  const db = files.load().services.get('db');
  assert.equal(db?.image, 'db:7');
  assert.equal(db?.volumes?.[0]?.source, join(files.directory, 'sub/d'));
  files.write('compose.yaml', 'include:\n  - path: [sub/compose.yaml, sub/change.yaml]\nservices: {}\n');
  assert.deepEqual(files.load().services.get('db')?.labels, { changed: '1' });
  files.write('compose.yaml', 'include: [sub/compose.yaml]\nservices:\n  db: {image: mine}\n');
  assert.match(
    files.fault(),
    /^compose\.yaml:3:3: services\.db is defined otherwise by the included sub\/compose\.yaml:1/,
  );
  files.write('compose.yaml', 'include: [compose.yaml]\nservices: {}\n');
  assert.match(files.fault(), /include each other in a circle/);
});

test('profiles choose services; naming one enables it with what it needs', () => {
  using files = new ProjectFiles({
    'compose.yaml': `services:
  web: {image: x}
  debug: {image: x, profiles: [debug], depends_on: [probe]}
  probe: {image: x, profiles: [debug, probes]}
`,
  });
  assert.deepEqual([...files.load().services.keys()], ['web']);
  assert.deepEqual([...files.load({ profiles: ['probes'] }).services.keys()], ['web', 'probe']);
  assert.deepEqual([...files.load({ profiles: ['*'] }).services.keys()], ['web', 'debug', 'probe']);
  assert.deepEqual([...files.load({ environment: { COMPOSE_PROFILES: 'debug' } }).services.keys()].length, 3);
});

test('anchors, merge keys and x- fields', () => {
  using files = new ProjectFiles({
    'compose.yaml': `x-base: &base
  image: x
  restart: always
x-env: &env {A: 1}
services:
  web:
    <<: *base
    restart: "no"
    environment:
      <<: *env
      B: 2
    x-note: anything
`,
  });
  const web = files.load().services.get('web');
  assert.equal(web?.restart, 'no');
  assert.deepEqual(web?.environment, { A: '1', B: '2' });
});

test('dependencies that follow from other fields, and circles of them', () => {
  using files = new ProjectFiles({
    'compose.yaml': `services:
  a: {image: x, links: ["b:other"], volumes_from: ["c:ro"], network_mode: "service:d", depends_on: {e: {condition: service_healthy}}}
  b: {image: x}
  c: {image: x}
  d: {image: x}
  e: {image: x}
`,
  });
  const a = files.load().services.get('a');
  assert.deepEqual(Object.keys(a?.depends_on ?? {}).toSorted(), ['b', 'c', 'd', 'e']);
  assert.deepEqual(a?.networks, {});
  files.write('compose.yaml', 'services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}');
  assert.match(files.fault(), /services depend on each other in a circle: a → b → a/);
});

test('every fault is told with its place, all at once', () => {
  using files = new ProjectFiles({
    'compose.yaml': `services:
  web:
    image: x
    depend_on: [db]
    mem_limit: lots
    cpu_count: 2
`,
  });
  assert.deepEqual(files.fault().split('\n'), [
    'compose.yaml:4:5: services.web.depend_on is not known (did you mean depends_on?)',
    "compose.yaml:5:16: services.web.mem_limit must be a size such as 512m, found 'lots': invalid size: 'lots' (use a number with b, k, m, g, t or p behind it)",
    'compose.yaml:6:16: services.web.cpu_count is not supported: it is for Windows',
  ]);
  files.write('compose.yaml', one('networks: [nowhere]\nvolumes: ["data:/d"]\nsecrets: [s]\ndepends_on: [db]'));
  assert.deepEqual(files.fault().split('\n'), [
    'compose.yaml:4:5: services.web: undefined network nowhere',
    'compose.yaml:5:5: services.web: undefined volume data',
    'compose.yaml:6:5: services.web: undefined secret s',
    'compose.yaml:7:5: services.web: depends on undefined service db',
  ]);
  files.write('compose.yaml', 'services:\n  web: [\n');
  assert.match(files.fault(), /^compose\.yaml:\d+:\d+: /);
  files.write('compose.yaml', one('command: "${A"'));
  assert.match(files.fault(), /^compose\.yaml:4:14: .*brace is not closed/);
});

test('an alias bomb is refused', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 9; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  using files = new ProjectFiles({ 'compose.yaml': lines.map((line) => `x-${line}`).join('\n') });
  assert.match(files.fault(), /aliases make more than/);
});

test('fields without effect are warned of by name', () => {
  using files = new ProjectFiles({ 'compose.yaml': `version: "3"\n${one('deploy: {placement: {constraints: []}}')}` });
  const warnings = files.load().warnings.map((line) => line.replace(`${files.directory}/`, ''));
  assert.match(warnings.join('\n'), /compose\.yaml:1:10: version has no effect/);
  assert.match(warnings.join('\n'), /services\.web\.deploy\.placement has no effect: only a swarm acts on it/);
});
