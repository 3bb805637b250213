import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pairs, type Row, timeClient } from '../measure.ts';
import type { Peer, Peers } from '../peer.ts';

const COMPONENTS = ['api', 'auth', 'cache', 'db', 'mail', 'queue', 'search', 'web'] as const;

/**
 * A project of 12 stages as they are written: a base with tools, eight components built on it, their tests, documentation, and an
 * image that takes from all of them. 40 source files for each component.
 */
function writeProject(directory: string): void {
  for (const name of COMPONENTS) {
    mkdirSync(join(directory, 'src', name), { recursive: true });
    for (let file = 0; file < 40; file += 1) {
      writeFileSync(join(directory, 'src', name, `${file}.c`), `// ${name} ${file}\n`.repeat(200));
    }
  }
  writeFileSync(join(directory, 'tools.sh'), '#!/bin/sh\nseq 1 20000 > /tools/list\n', { mode: 0o755 });
  writeFileSync(join(directory, '.dockerignore'), '*.log\n**/node_modules\n');
  const components = COMPONENTS.map(
    (name) => `FROM base AS ${name}
ARG VERSION=1
COPY src/${name} /src/${name}
RUN cat /src/${name}/*.c /tools/list > /out/${name} && md5sum /out/${name} > /out/${name}.sum
`,
  );
  const dockerfile = `FROM busybox AS base
ENV LANG=C
WORKDIR /out
COPY tools.sh /tools/
RUN /tools/tools.sh
${components.join('')}FROM base AS tests
COPY --from=api /out /in/api
COPY --from=web /out /in/web
RUN cat /in/*/*.sum > /out/report
FROM busybox AS docs
COPY src /src
RUN find /src -type f | sort > /index
FROM busybox
LABEL project=bench
${COMPONENTS.map((name) => `COPY --from=${name} /out/${name} /opt/${name}`).join('\n')}
COPY --from=tests /out/report /opt/report
COPY --from=docs /index /opt/index
USER nobody
CMD ["cat", "/opt/report"]
`;
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
}

/** A build without a cache, and one that finds everything in it; by Docker's client on both, and then by each one's own. */
export async function buildProject(peers: Peers, runs: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-bench-build-'));
  const rounds = Math.max(3, Math.ceil(runs / 4));
  try {
    writeProject(directory);
    const environment = { DOCKER_BUILDKIT: '0' };
    const byDocker = (peer: Peer): Peer => ({
      ...peer,
      client: ['docker', '-H', `unix://${peer.socket}`],
      environment,
    });
    const own = (peer: Peer): Peer => ({ ...peer, environment: { ...peer.environment, ...environment } });
    const time = async (peer: Peer, ...more: string[]): Promise<number> =>
      await timeClient(peer, ['build', '-q', '-t', 'bench-project', ...more, directory]);
    const cold = await pairs(peers, rounds, async (peer) => await time(byDocker(peer), '--no-cache'));
    await Promise.all([time(byDocker(peers.pouch)), time(byDocker(peers.docker))]);
    const warm = await pairs(peers, rounds * 2, async (peer) => await time(byDocker(peer)));
    const ownWarm = await pairs(peers, rounds * 2, async (peer) => await time(own(peer)));
    return [
      { what: 'build of 12 stages, cold', unit: 'ms', ...cold, bound: { kind: '≤', ratio: 0.8 } },
      { what: 'build of 12 stages, all cached', unit: 'ms', ...warm, bound: { kind: '≤', ratio: 0.7 } },
      { what: "build of 12 stages, all cached, by each one's client", unit: 'ms', ...ownWarm },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
