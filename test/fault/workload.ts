import type { ContainerCreateRequest } from '@pouch/api';
import type { Behaviour, ModelContainer } from './model.ts';

const ON_TERM = 'trap "exit 9" TERM;';

/** The shell command of a behaviour. */
function script(behaviour: Behaviour): string {
  switch (behaviour.kind) {
    case 'sleeper':
      return `${ON_TERM} sleep 100000 & wait`;
    case 'server':
      return `${ON_TERM} httpd -f -p 80 & wait`;
    case 'finite':
      return `i=0; while [ $i -lt ${behaviour.lines} ]; do i=$((i+1)); echo $i; echo $i >&2; done; sleep ${behaviour.seconds}; exit ${behaviour.code}`;
    case 'restarting':
      return `${ON_TERM} sleep ${behaviour.seconds}; exit 3`;
  }
}

/** What to ask `POST /containers/create` for. */
export function createRequest(
  container: ModelContainer,
  wishes: { volume: string | undefined; network: string | undefined },
): ContainerCreateRequest {
  const { behaviour, autoRemove } = container;
  const policy =
    behaviour.kind !== 'restarting'
      ? undefined
      : behaviour.retries === undefined
        ? { Name: 'unless-stopped' as const }
        : { Name: 'on-failure' as const, MaximumRetryCount: behaviour.retries };
  const server = behaviour.kind === 'server';
  return {
    Image: 'busybox',
    Cmd: ['sh', '-c', script(behaviour)],
    Labels: { 'chaos.number': String(container.number) },
    ...(server && { ExposedPorts: { '80/tcp': {} } }),
    HostConfig: {
      AutoRemove: autoRemove,
      ...(policy && { RestartPolicy: policy }),
      ...(wishes.volume && { Binds: [`${wishes.volume}:/data`, '/scratch'] }),
      ...(server
        ? { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(behaviour.port) }] } }
        : wishes.network && { NetworkMode: wishes.network }),
    },
  };
}
