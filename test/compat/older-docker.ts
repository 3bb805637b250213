import type { AcceptedDifference } from './accepted-differences.ts';

const EVERYTHING = /^[^]*$/g;

/**
 * Where Docker 20.10, which Debian 12 has, differs from Docker 29 and so from Pouch: what is told as Docker tells it today. They
 * count only in runs against that daemon (POUCH_COMPAT_DEBIAN=1).
 */
export const OLDER_DOCKER: readonly AcceptedDifference[] = [
  {
    id: '20.10-words',
    what: 'Refusals are told in other words.',
    why: 'Docker 29 begins them with small letters, says more, and quotes the runtime as its shims do now.',
    steps: /./,
    pattern:
      /^((docker: )?Error response from daemon: |OCI runtime exec failed: |An image does not exist|tag does not exist|created 127 |: unknown$).*\n?((?!Run '|Error|x|$).*\n)?/gm,
    word: '<refused>\n',
  },
  {
    id: '20.10-version',
    what: 'What came after API 1.41 is refused by the client.',
    why: 'MAC addresses per network, annotations, several networks at the start, prune --all, cluster volumes, trees of images.',
    steps:
      /--mac-address|--annotation|--network \$N --network|volume prune -af|volume update|images --tree|DOCKER_API_VERSION=1\.(23|41|44|99)|\/v(1\.4[2-9]|1\.5\d|9\.99)\/|docker version/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-parameters',
    what: 'Parameters of later versions are not heeded.',
    why: 'A signal of stop and restart, and directories in volumes, came with API 1.42 and 1.45; images are listed by time since.',
    steps: /docker (stop|restart) -s|stop -s KILL|volume-subpath|images --filter until|--ipv4=false/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-exec-codes',
    what: 'An exec that cannot start ends with 126 whatever the reason.',
    why: 'Since Docker 23 a missing command is 127, and an unknown user is refused before the exec is made.',
    steps: /docker exec (-u nobody|-w \/nowhere|\$N nowhere)/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-privileged',
    what: 'Privileged containers and execs have the capabilities that the daemon has.',
    why: '20.10 asks for all there are, which fails on a host that withholds one.',
    steps: /--privileged/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-image-store',
    what: 'Images are those of the containerd image store.',
    why: 'Docker 29 has it by default: digests for every name, OCI manifests, archives with an OCI layout, another order of untagging.',
    steps:
      /image inspect|image ls .*Digest|docker save -o|docker (rmi|push|pull|manifest)|RepoDigests|docker history|system df/,
    pattern: EVERYTHING,
  },
  {
    id: '20.10-inspect',
    what: 'Inspected containers have the fields of today.',
    why: 'The snapshotter and the manifest instead of the layers of a driver, the resolved network mode, more masked paths, no limits of kernel memory.',
    steps: /docker inspect/,
    pattern:
      /^ *("(Driver|LowerDir|MergedDir|UpperDir|WorkDir|KernelMemory\w*|NetworkMode|SandboxID|digest|mediaType|architecture|os|size|DNSNames|GwPriority)": .*|"Name": "overlay\w*",?|"\/(proc\/interrupts|sys\/devices\/virtual\/powercap)",?|"(Data|ImageManifestDescriptor|platform|GraphDriver)": (\{|null),?|[\]}],?)\n/gm,
  },
  {
    id: '20.10-fields',
    what: 'Answers have fields of later versions, as those of Docker 29 have for older clients.',
    why: 'Names in the DNS, priorities of gateways, whether there is IPv4; what was null when empty is empty.',
    steps: /\$KEYS|network inspect|docker ps .*json|docker info/,
    pattern: EVERYTHING,
  },
  {
    id: '20.10-hosts',
    what: '/etc/hosts and /etc/resolv.conf are written in today’s order and spelling.',
    why: 'Docker 25 and later write fe00:: for fe00::0, and options before search domains.',
    steps: /\/etc\/(hosts|resolv\.conf)/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-networks',
    what: 'Networks are checked as Docker 29 checks them.',
    why: '20.10 takes a subnet that is none, adds the short id to the aliases of inspect, and names a network’s id in errors.',
    steps: /network create|network connect|network rm/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: '20.10-prune',
    what: 'Prune takes anonymous volumes only, unless all are asked for.',
    why: 'So it is since API 1.42.',
    steps: /prune .*--volumes|volume ls -q --filter name=\$N/,
    pattern: EVERYTHING,
  },
  {
    id: '20.10-events',
    what: 'The event of an end tells how long the run took.',
    why: 'Docker 23 added execDuration.',
    steps: /docker events/,
    pattern: /execDuration=\d+, /g,
  },
];
