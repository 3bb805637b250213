import { resolve } from 'node:path';
import type { Feature } from './clients.ts';

/** A step is a line for the shell, in which `compose` is the client; so is `$COMPOSE`, which can be put in the background. */
export interface ComposeStep {
  readonly line: string;
  /** What it prints on standard output is compared; else only the exit code is. */
  readonly prints?: boolean;
  readonly needs?: Feature;
  /** Look at containers, networks and volumes afterwards. */
  readonly look?: boolean;
}

export interface ComposeProject {
  readonly name: string;
  readonly steps: readonly ComposeStep[];
}

export const PROJECTS_DIRECTORY = resolve(import.meta.dirname, '../projects');

const run = (line: string): ComposeStep => ({ line });
const prints = (line: string): ComposeStep => ({ line, prints: true });
const look = (line: string): ComposeStep => ({ line, look: true });
/** A step for which a container is made anew, or that looks at one that was. */
const anew = (step: ComposeStep): ComposeStep => ({ ...step, needs: 'recreate' });

/** A line of `logs` without the name in front, whose form differs between clients. */
const BARE = "grep -v '^Attaching to' | sed 's/^[^|]*| //'";
/** Retry until it succeeds, for what takes a moment: 10 seconds at most. */
const EVENTUALLY =
  'eventually() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$@" && return; sleep 0.5; done; return 1; }';

export const COMPOSE_PROJECTS: readonly ComposeProject[] = [
  {
    name: 'guestbook',
    steps: [
      prints('compose config --services | sort'),
      run('compose config -q'),
      look('compose up -d'),
      prints('compose ps -q | wc -l'),
      prints('curl -s "http://$(compose port page 8080)/"'),
      prints('compose exec -T page wget -qO- http://tally:7000/cgi-bin/next'),
      prints('compose exec -T page wget -qO- http://counter:7000/cgi-bin/next'),
      prints('compose exec -T counter sh -c "exit 7"; echo $?'),
      look('compose up -d'),
      look('compose stop -t 2'),
      look('compose start'),
      look('compose restart -t 2 page'),
      prints('compose exec -T page wget -qO- http://tally:7000/cgi-bin/next'),
      anew(look('compose up -d --force-recreate -t 2')),
      prints('compose exec -T page wget -qO- http://tally:7000/cgi-bin/next'),
      look('compose kill -s KILL counter'),
      look('compose down -t 2'),
      look('compose up -d'),
      prints('compose exec -T page wget -qO- http://tally:7000/cgi-bin/next'),
      look('compose down -v -t 2'),
    ],
  },
  {
    name: 'pipeline',
    steps: [
      look('compose up -d --scale worker=3'),
      prints(`${EVENTUALLY}; eventually compose exec -T worker sh -c 'test $(ls /queue | grep -c done) = 6'; echo $?`),
      prints(`compose logs --no-color seed | ${BARE}`),
      prints('compose exec -T --index=2 worker sh -c \'echo "$MODE:$EMPTY:$(ulimit -n)"\''),
      look('compose up -d --scale worker=1 -t 1'),
      look('compose --profile debug up -d'),
      // The seed has run again, and the worker may still be at it.
      prints(
        `${EVENTUALLY}; eventually compose --profile debug exec -T debug sh -c '! ls /queue | grep -qv done'; compose --profile debug exec -T debug ls /queue | wc -l`,
      ),
      prints('compose run --rm -T worker echo once'),
      prints("compose run --rm -T --no-deps -e MODE=slow worker sh -c 'echo $MODE'"),
      look('compose pause worker'),
      look('compose unpause worker'),
      look('compose rm -sf worker'),
      look('compose --profile debug down -v -t 1'),
    ],
  },
  {
    name: 'settings',
    steps: [
      look('PASSED=through compose up -d'),
      prints('compose exec -T show sh -c \'env | grep -E "^(A|B|C|QUOTED|GREETING|NESTED|PLAIN|PASSED)=" | sort\''),
      {
        line: 'compose exec -T show cat /run/secrets/token /run/secrets/again /etc/motd',
        prints: true,
        needs: 'configs',
      },
      prints(
        'compose exec -T show sh -c \'hostname; id -u; pwd; grep elsewhere /etc/hosts; df -k /scratch | tail -n 1 | tr -s " " | cut -d" " -f2\'',
      ),
      anew(look('PASSED=through GREETING=changed compose up -d -t 1')),
      anew(prints("compose exec -T show sh -c 'echo $GREETING'")),
      prints('WHO= compose config -q 2>/dev/null; echo $?'),
      prints('compose -f compose.yaml config --services'),
      anew(look('compose -f compose.yaml up -d -t 1')),
      look('compose down -v -t 1'),
    ],
  },
  {
    name: 'fabric',
    steps: [
      look('compose up -d'),
      prints('compose exec -T side wget -qO- http://safe/group'),
      prints('compose exec -T vault wget -qO- http://gateway/group'),
      prints("compose exec -T side sh -c 'ip -o -4 addr | grep -c 10.213.7.10'"),
      prints('compose exec -T gateway wget -qO- http://front-door/group'),
      prints('compose exec -T lonely ip -o link | wc -l'),
      prints("compose exec -T vault sh -c 'ip route | grep -c default; true'"),
      prints('compose exec -T vault wget -T 2 -qO- http://lonely/ 2>/dev/null; test $? -ne 0; echo $?'),
      look('compose down -t 1'),
    ],
  },
  {
    name: 'workshop',
    steps: [
      run('FLAVOUR=mint compose build'),
      look('FLAVOUR=mint compose up -d'),
      prints('compose exec -T app cat /flavour'),
      prints('compose exec -T lib sh -c "echo $LIB; ls /lib-files"'),
      prints(`${EVENTUALLY}; eventually curl -sf "http://$(compose port app 8080)/"`),
      { line: 'FLAVOUR=mint compose up -d --wait', needs: 'wait', look: true },
      {
        line: `${EVENTUALLY}; export FLAVOUR=mint; $COMPOSE -f compose.yaml -f watch.yaml watch --no-up >watch.log 2>&1 & watcher=$!
eventually grep -qi 'watch enabled' watch.log; sleep 0.5; echo second > app/www/index.html; echo new > app/www/more.html
changed() { test "$(compose exec -T app cat /www/index.html /www/more.html 2>/dev/null | tr '\\n' ' ')" = 'second new '; }
eventually changed; echo $?; kill -TERM $watcher; wait $watcher 2>/dev/null; true`,
        prints: true,
        needs: 'watch',
      },
      anew(run('FLAVOUR=plum compose up -d --build -t 1')),
      anew(prints('compose exec -T app cat /flavour')),
      look('compose down -v --rmi local -t 1'),
    ],
  },
];
