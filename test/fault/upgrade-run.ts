import assert from 'node:assert/strict';
import type { ContainerInspect } from '@pouch/api';
import { exec, PouchError, sleep } from '@pouch/base';
import type { TestDaemon } from '../harness/test-daemon.ts';
import { Random } from './random.ts';

export interface UpgradePlan {
  readonly count: number;
  /** Of those, to images that fail. */
  readonly failing: number;
  /** Of those, cut short by a kill of pouchd. */
  readonly kills: number;
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface UpgradeReport {
  readonly upgraded: number;
  readonly rolledBack: number;
  readonly killed: { readonly old: number; readonly new: number };
  /** Milliseconds, as clients saw it: from the last answer before to the first after. */
  readonly outages: readonly number[];
  /** Milliseconds between the two processes, as the daemon tells. */
  readonly downtimes: readonly number[];
  readonly answers: number;
}

type Kind = 'good' | 'failing' | 'killed';

const GOOD = ['web:a', 'web:b'];
const BAD = ['web:exits', 'web:unhealthy', 'web:missing'];
const NAME = 'service';
const WATCH = 700_000_000;

/** The images: two that serve their name, and three that fail in ways of their own. */
async function makeImages(daemon: TestDaemon): Promise<void> {
  const health = 'HEALTHCHECK --interval=100ms --retries=2 CMD wget -q -O /dev/null http://127.0.0.1/';
  const variants: readonly (readonly [name: string, changes: readonly string[]])[] = [
    ['web:a', ['CMD ["sh", "-c", "exec httpd -f -h /www"]', 'ENV VERSION=a', health]],
    ['web:b', ['CMD ["sh", "-c", "exec httpd -f -h /www "]', 'ENV VERSION=b', health]],
    ['web:exits', ['CMD ["sh", "-c", "exit 3"]', health]],
    ['web:unhealthy', ['CMD ["sleep", "100000"]', health]],
    ['web:missing', ['CMD ["/no/such/program"]', health]],
  ];
  for (const [name, changes] of variants) {
    const page = `mkdir /www && echo ${name} > /www/index.html`;
    await daemon.pouch(['run', '--name', 'maker', 'busybox', 'sh', '-c', page]);
    await daemon.pouch(['commit', ...changes.flatMap((change) => ['-c', change]), 'maker', name]);
    await daemon.pouch(['rm', 'maker']);
  }
}

/** Upgrade one container again and again while clients use it. Throws when anything about it is not as promised. */
export async function runUpgrades(daemon: TestDaemon, plan: UpgradePlan): Promise<UpgradeReport> {
  const random = new Random(plan.seed);
  await makeImages(daemon);
  await daemon.pouch([
    'run',
    '-d',
    '--name',
    NAME,
    '-t',
    '-v',
    'kept:/data',
    '--stop-signal',
    'KILL',
    '-e',
    'OWN=mine',
    '--label',
    'own=label',
    'web:a',
  ]);
  const first = await inspect(daemon);
  const address = first.NetworkSettings.Networks.bridge?.IPAddress ?? '';
  await daemon.pouch(['exec', NAME, 'sh', '-c', 'echo precious > /data/file']);
  using client = new Client(`http://${address}/`);
  await client.untilAnswered();
  const kinds = shuffled(random, plan);
  const report = { upgraded: 0, rolledBack: 0, old: 0, new: 0, downtimes: [] as number[], outages: [] as number[] };
  for (const kind of kinds) {
    const before = (await inspect(daemon)).Config.Image as string;
    const bad = kind === 'failing' || (kind === 'killed' && random.int(0, 2) === 0);
    const to = bad ? random.pick(BAD) : (GOOD.find((name) => name !== before) as string);
    client.mark();
    plan.log?.(`${kind}: ${before} to ${to}`);
    if (kind === 'killed') {
      const ended = await cutShort(daemon, to, random.int(0, 1499));
      if (ended === before) report.old += 1;
      else report.new += 1;
      assert.ok(
        ended === before || (ended === to && !bad),
        `killed on the way from ${before} to ${to}: it is ${ended}`,
      );
    } else {
      const answer = await upgrade(daemon, to);
      if (bad) {
        assert.equal(answer.status, 409, answer.text);
        report.rolledBack += 1;
      } else {
        assert.equal(answer.status, 200, answer.text);
        report.downtimes.push((answer.json as { Downtime: number }).Downtime / 1e6);
        report.upgraded += 1;
      }
    }
    await client.untilAnswered();
    if (kind === 'good') report.outages.push(client.longestGap());
    await check(daemon, first, bad ? [before] : kind === 'killed' ? [before, to] : [to], client);
  }
  const { old, new: toNew, ...rest } = report;
  return { ...rest, killed: { old, new: toNew }, answers: client.answers };
}

function shuffled(random: Random, { count, failing, kills }: UpgradePlan): Kind[] {
  const kinds: Kind[] = Array.from({ length: count }, (_, at) =>
    at < failing ? 'failing' : at < failing + kills ? 'killed' : 'good',
  );
  for (let at = kinds.length - 1; at > 0; at -= 1) {
    const other = random.int(0, at);
    [kinds[at], kinds[other]] = [kinds[other] as Kind, kinds[at] as Kind];
  }
  return kinds;
}

async function upgrade(daemon: TestDaemon, image: string): ReturnType<TestDaemon['api']> {
  return await daemon.api('POST', `/containers/${NAME}/upgrade`, { Image: image, Watch: WATCH });
}

/** Kill pouchd `delay` milliseconds into an upgrade, and start it again; the image that it ended on. */
async function cutShort(daemon: TestDaemon, image: string, delay: number): Promise<string> {
  const request = upgrade(daemon, image).catch(() => undefined);
  await sleep(delay);
  await daemon.down('SIGKILL');
  await request;
  await daemon.up();
  for (let waited = 0; waited < 300; waited += 1) {
    const found = await inspect(daemon);
    if (!found.Upgrade?.Phase && found.State.Running) return found.Config.Image as string;
    await sleep(100);
  }
  throw new PouchError('deadline-exceeded', `after a kill the upgrade is not ended:\n${daemon.log(30)}`);
}

async function inspect(daemon: TestDaemon): Promise<ContainerInspect> {
  return (await daemon.ok('GET', `/containers/${NAME}/json`)).json as ContainerInspect;
}

async function check(
  daemon: TestDaemon,
  first: ContainerInspect,
  images: readonly string[],
  client: Client,
): Promise<void> {
  const found = await inspect(daemon);
  assert.equal(found.Id, first.Id);
  assert.equal(found.State.Status, 'running');
  assert.ok(images.includes(found.Config.Image as string), `it is ${found.Config.Image}, not ${images.join(' or ')}`);
  assert.equal(client.last, `${found.Config.Image}\n`, 'it serves what it is said to be');
  const { bridge } = found.NetworkSettings.Networks;
  assert.equal(bridge?.IPAddress, first.NetworkSettings.Networks.bridge?.IPAddress);
  assert.equal(bridge?.MacAddress, first.NetworkSettings.Networks.bridge?.MacAddress);
  const version = (found.Config.Image as string).slice(4);
  const { stdout } = await daemon.pouch(['exec', NAME, 'sh', '-c', 'cat /data/file; echo $OWN $VERSION']);
  assert.equal(stdout.replaceAll('\r', ''), `precious\nmine ${version}\n`);
  assert.equal(found.Config.Labels?.own, 'label');
}

/** Asks for a page again and again, and notes how long nobody answered. */
class Client implements Disposable {
  readonly #url: string;
  #stopped = false;
  #since = 0;
  #gap = 0;
  answers = 0;
  last = '';

  constructor(url: string) {
    this.#url = url;
    void this.#run();
  }

  async #run(): Promise<void> {
    let answered = performance.now();
    while (!this.#stopped) {
      try {
        const response = await fetch(this.#url, { signal: AbortSignal.timeout(500), headers: { connection: 'close' } });
        this.last = await response.text();
        const now = performance.now();
        // A pause that began before the mark is not this upgrade's.
        this.#gap = Math.max(this.#gap, now - Math.max(answered, this.#since));
        answered = now;
        this.answers += 1;
      } catch {
        // Down for now.
      }
      await sleep(5);
    }
  }

  mark(): void {
    this.#since = performance.now();
    this.#gap = 0;
  }

  longestGap(): number {
    return this.#gap;
  }

  async untilAnswered(): Promise<void> {
    const { answers } = this;
    for (let waited = 0; waited < 600; waited += 1) {
      // Two, for the first may have been asked of the old one.
      if (this.answers >= answers + 2) return;
      await sleep(25);
    }
    throw new PouchError('deadline-exceeded', 'the service does not answer');
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
  }
}

/** A line for people. */
export function describeReport(report: UpgradeReport): string {
  const spread = (values: readonly number[]): string => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (part: number): number =>
      Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
    return `median ${at(0.5)} ms, worst ${at(1)} ms`;
  };
  return [
    `${report.upgraded} upgraded, ${report.rolledBack} rolled back, ${report.killed.old + report.killed.new} cut short (${report.killed.old} ended on the old image, ${report.killed.new} on the new one)`,
    `no process: ${spread(report.downtimes)}; no answer to clients: ${spread(report.outages)}; ${report.answers} answers`,
  ].join('\n');
}

/** Snapshots of containers in the daemon's containerd. */
export async function snapshotsOf(daemon: TestDaemon): Promise<number> {
  const { stdout } = await exec('ctr', [
    '--address',
    `${daemon.directory}/run/containerd/containerd.sock`,
    '-n',
    'pouch',
    'snapshots',
    'ls',
  ]);
  return stdout.split('\n').filter((line) => /\bActive\b/.test(line)).length;
}
