import type { CommandGroup, CommandNode, Tree } from './tree.ts';

type Load = CommandNode['load'];

function node(purpose: string, load: Load, aliases?: readonly string[]): CommandNode {
  return { purpose, load, ...(aliases && { aliases }) };
}

function top(group: CommandGroup, child: CommandNode): CommandNode {
  const { aliases: _, ...rest } = child;
  return { ...rest, group };
}

const container = {
  attach: node("Connect your terminal to a running container's main process", () => import('../commands/attach.ts')),
  commit: node("Make an image of a container's changes", () => import('../commands/commit.ts')),
  cp: node('Copy files between a container and this machine', () => import('../commands/cp.ts')),
  create: node('Make a container without starting it', () => import('../commands/create.ts')),
  diff: node("List what a container changed in its image's files", () => import('../commands/diff.ts')),
  exec: node('Run a command in a running container', () => import('../commands/exec.ts')),
  export: node("Write a container's files as a tar archive", () => import('../commands/export.ts')),
  inspect: node('Show everything about containers as JSON', () => import('../commands/container-inspect.ts')),
  kill: node('Send a signal to running containers (SIGKILL by default)', () => import('../commands/kill.ts')),
  logs: node('Print what a container wrote', () => import('../commands/logs.ts')),
  ls: node('List containers', () => import('../commands/ps.ts'), ['list', 'ps']),
  pause: node('Freeze all processes of containers', () => import('../commands/pause.ts')),
  port: node("Show where a container's ports are published", () => import('../commands/port.ts')),
  prune: node('Remove all stopped containers', () => import('../commands/container-prune.ts')),
  rename: node('Give a container another name', () => import('../commands/rename.ts')),
  restart: node('Stop containers and start them again', () => import('../commands/restart.ts')),
  rm: node('Remove containers', () => import('../commands/rm.ts'), ['remove']),
  run: node('Make a container from an image and start it', () => import('../commands/run.ts')),
  start: node('Start stopped containers', () => import('../commands/start.ts')),
  stats: node('Watch what containers use of CPU, memory, network and disk', () => import('../commands/stats.ts')),
  stop: node('Stop running containers, politely first', () => import('../commands/stop.ts')),
  top: node("List a container's processes", () => import('../commands/top.ts')),
  unpause: node('Let frozen containers go on', () => import('../commands/unpause.ts')),
  update: node('Change the limits of containers while they live', () => import('../commands/update.ts')),
  upgrade: node('Put another image under a container', () => import('../commands/upgrade.ts')),
  wait: node('Wait until containers stop, then print their exit codes', () => import('../commands/wait.ts')),
} satisfies Record<string, CommandNode>;

const checkpoint = {
  create: node("Write a container's processes down with CRIU", () => import('../commands/checkpoint-create.ts')),
  ls: node("List a container's checkpoints", () => import('../commands/checkpoint-ls.ts'), ['list']),
  rm: node('Remove a checkpoint', () => import('../commands/checkpoint-rm.ts'), ['remove']),
} satisfies Record<string, CommandNode>;

const image = {
  build: node('Build an image of a Dockerfile', () => import('../commands/build.ts')),
  history: node('Show the layers of an image and what made them', () => import('../commands/history.ts')),
  import: node('Make an image of a tar archive of files', () => import('../commands/import.ts')),
  inspect: node('Show everything about images as JSON', () => import('../commands/image-inspect.ts')),
  load: node('Read images from an archive that save wrote', () => import('../commands/load.ts')),
  ls: node('List images', () => import('../commands/images.ts'), ['list']),
  prune: node('Remove images that nothing uses', () => import('../commands/image-prune.ts')),
  pull: node('Fetch an image from a registry', () => import('../commands/pull.ts')),
  push: node('Send an image to a registry', () => import('../commands/push.ts')),
  rm: node('Remove images', () => import('../commands/rmi.ts'), ['remove']),
  save: node('Write images as a tar archive', () => import('../commands/save.ts')),
  tag: node('Give an image another name', () => import('../commands/tag.ts')),
} satisfies Record<string, CommandNode>;

const builder = {
  build: node('Build an image of a Dockerfile', () => import('../commands/build.ts')),
  prune: node('Remove build cache that nothing uses', () => import('../commands/builder-prune.ts')),
} satisfies Record<string, CommandNode>;

const network = {
  connect: node('Connect a container to a network', () => import('../commands/network-connect.ts')),
  create: node('Make a network', () => import('../commands/network-create.ts')),
  disconnect: node('Take a container off a network', () => import('../commands/network-disconnect.ts')),
  inspect: node('Show everything about networks as JSON', () => import('../commands/network-inspect.ts')),
  ls: node('List networks', () => import('../commands/network-ls.ts'), ['list']),
  prune: node('Remove networks that nothing uses', () => import('../commands/network-prune.ts')),
  rm: node('Remove networks', () => import('../commands/network-rm.ts'), ['remove']),
} satisfies Record<string, CommandNode>;

const volume = {
  create: node('Make a volume', () => import('../commands/volume-create.ts')),
  inspect: node('Show everything about volumes as JSON', () => import('../commands/volume-inspect.ts')),
  ls: node('List volumes', () => import('../commands/volume-ls.ts'), ['list']),
  prune: node('Remove volumes that nothing uses', () => import('../commands/volume-prune.ts')),
  rm: node('Remove volumes', () => import('../commands/volume-rm.ts'), ['remove']),
} satisfies Record<string, CommandNode>;

const system = {
  df: node('Show what images, containers and volumes take on disk', () => import('../commands/system-df.ts')),
  events: node('Watch what happens in the daemon', () => import('../commands/events.ts')),
  info: node('Show the daemon, its host and what it can do', () => import('../commands/info.ts')),
  prune: node('Remove everything that nothing uses', () => import('../commands/system-prune.ts')),
} satisfies Record<string, CommandNode>;

const compose = {
  attach: node("Connect your terminal to a service's main process", () => import('../commands/compose/attach.ts')),
  build: node('Build the images of services', () => import('../commands/compose/build.ts')),
  config: node('Check the files and show what they mean', () => import('../commands/compose/config.ts'), ['convert']),
  cp: node("Copy files between a service's container and this machine", () => import('../commands/compose/cp.ts')),
  create: node('Create the containers of services', () => import('../commands/compose/create.ts')),
  down: node('Stop and remove containers and networks', () => import('../commands/compose/down.ts')),
  events: node('Watch what happens to containers', () => import('../commands/compose/events.ts')),
  exec: node("Run a command in a service's container", () => import('../commands/compose/exec.ts')),
  images: node('List the images of the containers', () => import('../commands/compose/images.ts')),
  kill: node('Send a signal to containers (SIGKILL by default)', () => import('../commands/compose/kill.ts')),
  logs: node('Print what containers wrote', () => import('../commands/compose/logs.ts')),
  ls: node('List the projects that have containers', () => import('../commands/compose/ls.ts')),
  pause: node('Freeze containers', () => import('../commands/compose/pause.ts')),
  port: node('Show where a port is published', () => import('../commands/compose/port.ts')),
  ps: node('List containers', () => import('../commands/compose/ps.ts')),
  pull: node('Fetch the images of services', () => import('../commands/compose/pull.ts')),
  restart: node('Restart containers', () => import('../commands/compose/restart.ts')),
  rm: node('Remove stopped containers', () => import('../commands/compose/rm.ts')),
  run: node('Run one command in a new container of a service', () => import('../commands/compose/run.ts')),
  scale: node('Change how many containers services have', () => import('../commands/compose/scale.ts')),
  start: node('Start containers that exist', () => import('../commands/compose/start.ts')),
  stop: node('Stop containers', () => import('../commands/compose/stop.ts')),
  top: node('List the processes of containers', () => import('../commands/compose/top.ts')),
  unpause: node('Let frozen containers go on', () => import('../commands/compose/unpause.ts')),
  up: node('Create and start containers', () => import('../commands/compose/up.ts')),
  version: node('Show the version', () => import('../commands/compose/version.ts')),
  volumes: node("List the project's volumes", () => import('../commands/compose/volumes.ts')),
  wait: node('Wait until containers end', () => import('../commands/compose/wait.ts')),
  watch: node('Carry changes of files over to containers', () => import('../commands/compose/watch.ts')),
} satisfies Record<string, CommandNode>;

/** Every command, and where its module is. */
export const COMMANDS: Tree = {
  run: top('common', container.run),
  exec: top('common', container.exec),
  ps: top('common', container.ls),
  build: top('common', image.build),
  pull: top('common', image.pull),
  push: top('common', image.push),
  images: top('common', image.ls),
  login: { ...node('Log in to a registry', () => import('../commands/login.ts')), group: 'common' },
  logout: { ...node('Forget the credentials of a registry', () => import('../commands/logout.ts')), group: 'common' },
  search: { ...node('Search a registry for images', () => import('../commands/search.ts')), group: 'common' },
  version: {
    ...node('Show the versions of client and daemon', () => import('../commands/version.ts')),
    group: 'common',
  },
  info: top('common', system.info),
  builder: { purpose: 'Building images, and its cache', group: 'management', children: builder },
  checkpoint: { purpose: 'Containers frozen into files', group: 'management', children: checkpoint },
  compose: {
    purpose: 'Applications of several containers, from a Compose file',
    group: 'management',
    children: compose,
    flags: () => import('../compose/flags.ts'),
  },
  container: { purpose: 'Everything about containers', group: 'management', children: container },
  image: { purpose: 'Everything about images', group: 'management', children: image },
  network: { purpose: 'Everything about networks', group: 'management', children: network },
  system: { purpose: 'The daemon, its disk and its events', group: 'management', children: system },
  volume: { purpose: 'Everything about volumes', group: 'management', children: volume },
  attach: top('other', container.attach),
  commit: top('other', container.commit),
  completion: {
    ...node('Print a completion script for your shell', () => import('../commands/completion.ts')),
    group: 'other',
  },
  cp: top('other', container.cp),
  create: top('other', container.create),
  diff: top('other', container.diff),
  events: top('other', system.events),
  export: top('other', container.export),
  history: top('other', image.history),
  import: top('other', image.import),
  inspect: {
    ...node('Show everything about any object as JSON', () => import('../commands/inspect.ts')),
    group: 'other',
  },
  kill: top('other', container.kill),
  load: top('other', image.load),
  logs: top('other', container.logs),
  pause: top('other', container.pause),
  port: top('other', container.port),
  rename: top('other', container.rename),
  restart: top('other', container.restart),
  rm: top('other', container.rm),
  rmi: top('other', image.rm),
  save: top('other', image.save),
  start: top('other', container.start),
  stats: top('other', container.stats),
  stop: top('other', container.stop),
  tag: top('other', image.tag),
  top: top('other', container.top),
  unpause: top('other', container.unpause),
  update: top('other', container.update),
  upgrade: top('other', container.upgrade),
  wait: top('other', container.wait),
};
