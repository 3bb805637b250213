/** A difference between Pouch and Docker that clients can see and that is meant. docs/reference/docker.md tells users of it. */
export interface AcceptedDifference {
  readonly id: string;
  readonly what: string;
  readonly why: string;
  /** The steps in which it may show. */
  readonly steps: RegExp;
  /** What of the normalised output is not compared, on either side; global and multi-line. */
  readonly pattern: RegExp;
  /** What it is replaced by; nothing by default. */
  readonly word?: string;
  /** The exit codes may differ as well. */
  readonly exitCode?: boolean;
}

const ANY = /./;

/** Whole texts of an answer, where the two say the same in words of their own. */
const EVERYTHING = /[^]+/g;

export const ACCEPTED_DIFFERENCES: readonly AcceptedDifference[] = [
  {
    id: 'runtime-name',
    what: 'Errors of the OCI runtime name the runtime and its step.',
    why: 'Pouch runs crun where dockerd runs runc; what follows, the command and the reason, is the same.',
    steps: ANY,
    pattern: /runc (create|exec) failed: |error during container init: /g,
  },
  {
    id: 'runtime-words',
    what: 'What the OCI runtime itself refuses is told in its own words.',
    why: 'Pouch runs crun where dockerd runs runc.',
    steps: /--cpu-rt-runtime|update --memory-swap 1m/,
    pattern: /(OCI runtime create failed|Cannot update container <id>): .*/g,
    word: '$1: …',
  },
  {
    id: 'default-runtime',
    what: 'The default runtime is crun.',
    why: 'It starts containers in half the time; the setting default-runtime chooses another.',
    steps: /inspect|docker info/,
    pattern: /\b(crun|runc|io\.containerd\.runc\.v2)\b( (crun|runc|io\.containerd\.runc\.v2)\b)*/g,
    word: '<runtime>',
  },
  {
    id: 'dns-resolution',
    what: 'Failures to reach a registry are told in other words.',
    why: 'They are the words of the HTTP client: Go’s there, Node.js’ here. The reference and the reason are in both.',
    steps: /docker (run|create|pull|login|search|import http)|distribution/,
    pattern:
      /(failed to do request: |cannot reach |Get "http|login at |search for |downloading |manifest for ).*|\{"message":".*/g,
    word: '<cannot be reached>',
  },
  {
    id: 'damaged-archives',
    what: 'What is wrong with an archive is told in other words.',
    why: 'Pouch names what is damaged, and answers with an error where Docker breaks the stream off.',
    steps: /junk|\/dev\/null|not a tar|--platform/,
    pattern: EVERYTHING,
    word: '<damaged>',
  },
  {
    id: 'import-leaves-nothing',
    what: 'The import of what is no archive leaves no image.',
    why: 'Docker keeps an image that cannot be run.',
    steps: /echo junk \| docker import/,
    pattern: EVERYTHING,
  },
  {
    id: 'client-tar-noise',
    what: 'docker cp complains of a closed pipe, sometimes.',
    why: 'It is the client’s own log: whether it had sent everything when the refusal came depends on timing.',
    steps: /docker cp/,
    pattern: /^time="?<time>"? level=error msg="Can't .*\n?/gm,
  },
  {
    id: 'proc-is-copied',
    what: 'docker cp copies from /proc, and from other mounts, of a running container.',
    why: 'Pouch adds it: files are read in the container’s own view of its mounts.',
    steps: /\/proc\/1\/comm|files/,
    pattern: /^.*comm.*\n?/gm,
  },
  {
    id: 'bridge-name',
    what: 'The default bridge is pouch0.',
    why: 'Both engines can live on one host; the setting bridge names another.',
    steps: /network/,
    pattern: /docker0|pouch0/g,
    word: '<bridge>',
  },
  {
    id: 'network-names',
    what: 'Names of networks hold letters, digits, dots, hyphens and underscores.',
    why: 'dockerd 29 takes any, also with slashes and spaces, which no DNS name and no URL can hold.',
    steps: /network create "bad name"/,
    pattern: EVERYTHING,
  },
  {
    id: 'config-only-networks',
    what: 'Networks that are configuration only are refused.',
    why: 'They exist for swarm, where each node has its own part.',
    steps: /--config-only/,
    pattern: EVERYTHING,
  },
  {
    id: 'join-must-exist',
    what: 'A container whose namespaces are to be joined must exist when the other is created.',
    why: 'The name is resolved to an id at once, so that renaming changes nothing; Docker says the same at the start.',
    steps: /container:nowhere/,
    pattern: /joining network namespace of container: /g,
  },
  {
    id: 'image-mounts',
    what: 'Mounts of type image are refused.',
    why: 'Not there yet.',
    steps: /type=image/,
    pattern: EVERYTHING,
  },
  {
    id: 'storage-options',
    what: 'Unknown --storage-opt are refused.',
    why: 'dockerd with the containerd image store ignores all of them silently.',
    steps: /--storage-opt/,
    pattern: EVERYTHING,
  },
  {
    id: 'go-parser-words',
    what: 'Malformed JSON, numbers and addresses are refused in other words.',
    why: 'Docker’s are those of Go’s parsers; status and meaning are the same.',
    steps: /curl|exited=x|--ip bogus|--subnet bogus|mtu=bogus|bogus\/a\/b/,
    pattern: EVERYTHING,
    word: '<malformed>',
  },
  {
    id: 'mount-words',
    what: 'Invalid mounts are refused in slightly other words.',
    why: 'The field at fault is named.',
    steps: /type=bogus|bind-propagation=bogus|device=\/nowhere|volume-subpath=nowhere/,
    pattern: /Error response from daemon: .*/g,
    word: '<refused>',
  },
];
