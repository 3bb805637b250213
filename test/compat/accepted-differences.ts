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
const EVERYTHING = /^[^]*$/g;

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
    id: 'builder-size',
    what: 'Clients below API 1.42 are told a BuilderSize by `system df`.',
    why: 'A dockerd of their version sends it; the newest dockerd leaves it out for them as well.',
    steps: /v1\.(25|41)\/system\/df/,
    pattern: /^df BuilderSize: number\n?/gm,
  },
  {
    id: 'image-identity',
    what: 'Inspect of an image does not tell from where it was pulled.',
    why: 'It is not kept beyond the names that the image has.',
    steps: /v1\.5\d\/images\/busybox\/json/,
    pattern: /^image Identity\b.*\n?/gm,
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
    exitCode: true,
  },
  {
    id: 'config-only-networks',
    what: 'Networks that are configuration only are refused.',
    why: 'They exist for swarm, where each node has its own part.',
    steps: /--config-only/,
    pattern: EVERYTHING,
    exitCode: true,
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
    exitCode: true,
  },
  {
    id: 'storage-options',
    what: 'Unknown --storage-opt are refused.',
    why: 'dockerd with the containerd image store ignores all of them silently.',
    steps: /--storage-opt/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: 'go-parser-words',
    what: 'Malformed JSON, numbers and addresses are refused in other words.',
    why: 'Docker’s are those of Go’s parsers; status and meaning are the same.',
    steps: /curl .*(-d |create'?$|=bogus|limit=x|v1\.23)|exited=x|--ip bogus|--subnet bogus|mtu=bogus|bogus\/a\/b/,
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
  {
    id: 'init-name',
    what: 'The program of --init is called pouch-init inside.',
    why: 'It is tini all the same.',
    steps: /--init/,
    pattern: /docker-init|pouch-init/g,
    word: '<init>',
  },
  {
    id: 'links-are-kept',
    what: 'Links on the default bridge bring no warning.',
    why: 'Docker is to remove them; Pouch is not.',
    steps: /--link/,
    pattern: /^WARNING: Links on the default bridge network are deprecated.*\n?/gm,
  },
  {
    id: 'gpus',
    what: '--gpus is refused in other words.',
    why: 'dockerd 29 looks for a vendor by CDI first.',
    steps: /--gpus/,
    pattern: /Error response from daemon: .*/g,
    word: '<no GPU>',
  },
  {
    id: 'directory-as-command',
    what: 'A directory that is run is refused without saying that it is one.',
    why: 'crun says no more than that permission is denied.',
    steps: /busybox \/etc$/,
    pattern: /is a directory: /g,
  },
  {
    id: 'output-after-input',
    what: 'docker attach shows what a container says between the end of the input and its own end.',
    why: 'dockerd lets the client go with the end of the input.',
    steps: /echo typed \| docker attach/,
    pattern: /^got typed\n?/g,
  },
  {
    id: 'no-mtab',
    what: 'No /etc/mtab is made in images that have none.',
    why: 'Images that need one bring it.',
    steps: /docker export/,
    pattern: /^etc\/mtab\n/gm,
  },
  {
    id: 'prune-tells-digests',
    what: 'Pruned images without a name are listed as deleted only.',
    why: 'There was no name to take away.',
    steps: /image prune/,
    pattern: /^untagged: sha256:<id>\n/gm,
  },
  {
    id: 'push-steps',
    what: 'docker push tells of preparing each layer.',
    why: 'Pouch tells it as Docker did before the containerd image store.',
    steps: /docker push/,
    pattern: /^<short id>: (Preparing|Waiting)\n/gm,
  },
  {
    id: 'search-lists',
    what: 'docker search lists a registry that has no search.',
    why: 'Pouch adds it, from the registry’s catalogue.',
    steps: /docker search 127/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: 'platform-is-checked',
    what: 'A pull for a platform that the image is not made for fails.',
    why: 'dockerd with the containerd image store takes a single image for any platform.',
    steps: /pull --platform linux\/arm64/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: 'proc-is-copied-code',
    what: 'The exit code of such a copy is 0.',
    why: 'It succeeds.',
    steps: /\/proc\/1\/comm/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: 'event-filters-are-checked',
    what: 'Unknown filters of events are refused.',
    why: 'dockerd ignores them and tells everything.',
    steps: /docker events .*--filter bogus/,
    pattern: EVERYTHING,
    exitCode: true,
  },
  {
    id: 'engine-identity',
    what: 'docker version and docker info name Pouch, its parts and what it has.',
    why: 'They are what is so.',
    steps: /docker (version|info|system info)/,
    pattern:
      /^(Server:| *(Server )?Version:| *GitCommit:| *runc:| *tini-static:| *Node\.js:| *V8:| *(Volume|Network|Log):| *ID:| *CDI spec| *\/(etc|var\/run)\/cdi|WARNING: Support for cgroup v1).*\n|.*(BuildTime|GoVersion|Module|ModuleVersion|V8|CDISpecDirs|Containerd|FirewallBackend|Warnings)\b.*\n|^\{"Volume.*/gm,
  },
  {
    id: 'engine-paths',
    what: 'hosts, hostname and resolv.conf of a container lie in a directory network of its own, namespaces below the state directory.',
    why: 'Nothing reads them there but the engine.',
    steps: /docker inspect|json/,
    pattern: /"(HostnamePath|HostsPath|ResolvConfPath|SandboxKey)": ".*"/g,
    word: '"$1": "<path>"',
  },
  {
    id: 'legacy-network-fields',
    what: 'Inspected containers have the old fields of NetworkSettings before API 1.52, and OnBuild.',
    why: 'Daemons of those versions had them; dockerd 29 leaves them out.',
    steps: /inspect|json/,
    pattern:
      /^ *"(Bridge|HairpinMode|LinkLocalIPv6Address|LinkLocalIPv6PrefixLen|SecondaryIPAddresses|SecondaryIPv6Addresses|OnBuild|EndpointID|Gateway|GlobalIPv6Address|GlobalIPv6PrefixLen|IPAddress|IPPrefixLen|IPv6Gateway|MacAddress)": (""|0|false|null),?\n|,$/gm,
  },
  {
    id: 'label-disable',
    what: 'Privileged containers do not show the security option label=disable.',
    why: 'It is SELinux’ and means nothing without.',
    steps: /inspect .*-h$/,
    pattern: /"SecurityOpt": (null|\[\s*"label=disable"\s*\])/g,
    word: '"SecurityOpt": <none>',
  },
  {
    id: 'kernel-memory',
    what: 'docker info has KernelMemoryTCP.',
    why: 'The schema of the versions before 1.52 has it.',
    steps: /docker info/,
    pattern: /^KernelMemoryTCP.*\n/gm,
  },
  {
    id: 'usage-platform',
    what: 'Containers of docker system df name their platform.',
    why: 'They are the containers of docker ps.',
    steps: /system df/,
    pattern: /^Containers\[\]\.Platform.*\n/gm,
  },
  {
    id: 'log-option-words',
    what: 'A size among the log options that is none is refused at once.',
    why: 'dockerd makes the container, and refuses to start it.',
    steps: /max-size=bogus/,
    pattern: /Error response from daemon: .*invalid size.*/g,
    word: '<invalid size>',
  },
  {
    id: 'volume-driver-first',
    what: 'An unknown volume driver is named at once.',
    why: 'dockerd answers as if the image were missing, which the client then pulls.',
    steps: /--volume-driver bogus/,
    pattern: /^(Unable to find image|docker: Error).*\n?/gm,
  },
  {
    id: 'link-words',
    what: 'A link to no container is refused in fewer words.',
    why: 'The name is in both.',
    steps: /--link nowhere/,
    pattern: /could not get container for nowhere: /g,
  },
  {
    id: 'fields-by-version',
    what: 'Each version of the API has the fields that its schema names: older ones in answers of before, newer ones not.',
    why: 'dockerd 29 sends some newer fields to older clients, and leaves fields out that their daemons had.',
    steps: /\$KEYS/,
    pattern:
      /^(\w+ )?.*(HostConfig\.(CgroupnsMode|DeviceRequests|KernelMemory|KernelMemoryTCP)|NetworkSettings\.(Bridge|HairpinMode|LinkLocalIPv6Address|LinkLocalIPv6PrefixLen|Secondary\w+|EndpointID|Gateway|GlobalIPv6Address|GlobalIPv6PrefixLen|IPAddress|IPPrefixLen|IPv6Gateway|MacAddress)|Config\.OnBuild|Containers\[\]\.Health\..*|Images\[\]\.Descriptor\..*|\[\]\.Containers): .*\n/gm,
  },
  {
    id: 'sums-of-zero',
    what: 'docker system df has its sums also where they are 0.',
    why: 'Go leaves out what is zero.',
    steps: /system\/df/,
    pattern: /^df \w+Usage(\.(ActiveCount|TotalCount|Reclaimable|TotalSize|Items))?: .*\n/gm,
  },
  {
    id: 'version-details',
    what: 'The version names what Pouch is made with.',
    why: 'There is no Go in it.',
    steps: /http:\/\/x\/v[0-9.]+\/version|docker version/,
    pattern: /^version .*(BuildTime|GoVersion|Module|ModuleVersion|V8|Experimental): .*\n/gm,
  },
  {
    id: 'build-words',
    what: 'What is wrong with a Dockerfile as a whole is refused with the line, and a capital letter more or less.',
    why: 'Every refusal of a Dockerfile names its line.',
    steps: /docker build/,
    pattern: /dockerfile parse error on line 1: (?=no build stage)|[Tt]he Dockerfile \(/g,
  },
];
