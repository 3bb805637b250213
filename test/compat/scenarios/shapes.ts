import { scenarios } from '../harness/scenario.ts';

const GET = 'curl -s --unix-socket ${DOCKER_HOST#unix://}';
const THINGS = {
  list: 'containers/json?all=1&filters=%7B%22name%22:%5B%22$N%22%5D%7D',
  running: 'containers/$N-run/json',
  created: 'containers/$N-new/json',
  images: 'images/json',
  image: 'images/busybox/json',
  history: 'images/busybox/history',
  bridge: 'networks/bridge',
  network: 'networks/$N',
  volume: 'volumes/$N',
  version: 'version',
  df: 'system/df',
};

/** The fields, and their types, of what is listed and inspected, in the versions of the API that clients speak. */
export const SHAPES = [
  ...scenarios(
    {
      shapes: [
        'docker network create $N >/dev/null; docker volume create $N; docker create --name $N-new -e A=1 busybox >/dev/null; docker run -d --name $N-run --network $N -p 8899:80 -v $N:/d -l a=b --health-cmd true --health-interval 1s busybox sleep 90 >/dev/null; until docker inspect $N-run | grep -q Output; do sleep .2; done',
        ...['1.25', '1.41', '1.44', '1.47', '1.48', '1.50', '1.52', '1.56'].map((version) =>
          Object.entries(THINGS)
            .map(([name, path]) => `${GET} "http://x/v${version}/${path}" | $KEYS ${name}`)
            .join('; '),
        ),
      ],
    },
    { alone: true },
  ),
  ...scenarios({
    'log-files': [
      'docker run -d --name $N --log-opt labels=a --log-opt env=E -l a=1 -e E=2 busybox sh -c "echo one; echo two >&2; sleep 60" >/dev/null; sleep .5; docker inspect --format "{{.LogPath}}" $N',
      'head -1 "$(docker inspect --format "{{.LogPath}}" $N)" | $KEYS',
      'grep -c stderr "$(docker inspect --format "{{.LogPath}}" $N)"; grep -o "{\\"E.*" "$(docker inspect --format "{{.LogPath}}" $N)" | head -1',
    ],
    'discovery-prometheus': [
      'docker network create $N >/dev/null; docker run -d --name $N --network $N -l prometheus.job=x -p 8898:80 busybox sleep 60 >/dev/null',
      `${GET} "http://x/v1.44/containers/json?filters=%7B%22label%22:%7B%22prometheus.job%22:true%7D%7D" | $KEYS`,
      `${GET} "http://x/v1.44/networks?filters=%7B%22name%22:%7B%22$N%22:true%7D%7D" | $KEYS`,
    ],
    'discovery-traefik': [
      'date +%s > since; docker run -d --name $N -l traefik.enable=true -l "traefik.http.routers.a.rule=Host(\\`a\\`)" --expose 80 busybox sleep 60 >/dev/null',
      `${GET} "http://x/v1.44/containers/$N/json" | $KEYS`,
      `sleep 1; ${GET} "http://x/v1.44/events?since=$(cat since)&until=$(date +%s)&filters=%7B%22type%22:%7B%22container%22:true%7D,%22container%22:%7B%22$N%22:true%7D%7D" | $KEYS; rm since`,
    ],
  }),
];
