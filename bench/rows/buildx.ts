import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pairs, type Row, timeClient } from '../measure.ts';
import type { Peer, Peers } from '../peer.ts';

/** Where the plugin may be, beside its place on the PATH's hosts. */
const PLUGINS = [
  process.env['POUCH_COMPAT_CLIENTS'] ?? '',
  '/var/cache/pouch-test/clients',
  '/usr/libexec/docker',
  '/usr/lib/docker',
];
const STAGES = 12;

/** A project of twelve stages through Docker's buildx: from nothing, again with everything in the cache, and after a change. */
export async function buildWithBuildx(peers: Peers, runs: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-bench-build-'));
  try {
    const project = writeProject(join(directory, 'project'));
    const config = writeConfig(join(directory, 'config'));
    const clients = { pouch: dockerClient(peers.pouch, config), docker: dockerClient(peers.docker, config) };
    const build = async (peer: Peer): Promise<number> =>
      await timeClient(peer, ['buildx', 'build', '-t', 'bench-build', project]);
    const few = Math.max(3, Math.ceil(runs / 4));
    const cold = await pairs(clients, few, async (peer) => {
      await timeClient(peer, ['builder', 'prune', '-af']);
      return await build(peer);
    });
    const warm = await pairs(clients, runs, build);
    const own = await pairs(peers, runs, async (peer) => {
      const client = peer === peers.docker ? clients.docker : peer;
      const words = peer === peers.docker ? ['buildx', 'build'] : ['build'];
      return await timeClient(client, [...words, '-t', 'bench-build', project]);
    });
    let count = 0;
    const changed = await pairs(clients, few, async (peer) => {
      writeFileSync(join(project, 'src', 'changes'), String((count += 1)));
      return await build(peer);
    });
    return [
      { what: `buildx build of ${STAGES} stages, cold`, unit: 'ms', ...cold, bound: { kind: '≤', ratio: 0.8 } },
      { what: `the same, all in the cache`, unit: 'ms', ...warm, bound: { kind: '≤', ratio: 0.7 } },
      {
        what: `the same, pouch build beside docker buildx build`,
        unit: 'ms',
        ...own,
        bound: { kind: '≤', ratio: 0.7 },
      },
      { what: `the same, one file changed`, unit: 'ms', ...changed },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Stages that stand on each other, some side by side, with commands, copies and files of a few megabytes. */
function writeProject(directory: string): string {
  mkdirSync(join(directory, 'src'), { recursive: true });
  for (let file = 0; file < 50; file += 1)
    writeFileSync(join(directory, 'src', `file${file}`), 'x'.repeat(1000 * file));
  const stages = Array.from({ length: STAGES - 2 }, (_, index) => {
    const from = index < 3 ? 'base' : `stage${index - 3}`;
    return `FROM ${from} AS stage${index}
RUN mkdir -p /out && dd if=/dev/zero of=/out/file${index} bs=64k count=${8 + index} 2>/dev/null
RUN echo ${index} > /out/name${index}`;
  });
  const copies = [7, 8, 9].map((index) => `COPY --from=stage${index} /out /out${index}`);
  const last = ['FROM base', ...copies, 'COPY src /src', 'RUN ls -R /src > /list', 'CMD ["cat", "/list"]'];
  const lines = ['FROM busybox AS base', 'RUN echo base > /base', ...stages, ...last];
  writeFileSync(join(directory, 'Dockerfile'), `${lines.join('\n')}\n`);
  return directory;
}

/** A configuration of Docker's client with buildx in it. */
function writeConfig(directory: string): string {
  const plugin = PLUGINS.map((place) => join(place, 'cli-plugins/docker-buildx')).find((path) => existsSync(path));
  if (plugin === undefined) {
    throw new Error(
      'there is no docker-buildx here: install docker-buildx, or name a directory in POUCH_COMPAT_CLIENTS',
    );
  }
  mkdirSync(join(directory, 'cli-plugins'), { recursive: true });
  symlinkSync(plugin, join(directory, 'cli-plugins/docker-buildx'));
  return directory;
}

function dockerClient(peer: Peer, config: string): Peer {
  return {
    ...peer,
    client: ['docker', '-H', `unix://${peer.socket}`],
    environment: { ...peer.environment, DOCKER_CONFIG: config },
  };
}
