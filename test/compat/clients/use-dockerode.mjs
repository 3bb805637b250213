// What programs do with dockerode; prints what they see. Argument: the prefix of everything's name.
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';

const name = process.argv[2];
const docker = new Docker({ socketPath: process.env.DOCKER_HOST.replace('unix://', '') });
const byText = (a, b) => (String(a) < String(b) ? -1 : 1);
const show = (what, value) => console.log(what, typeof value === 'string' ? value : JSON.stringify(value));
const refused = async (what, promise) => {
  const error = await promise.then(() => ({ statusCode: 'none' }), (reason) => reason);
  show(what, [error.statusCode, error.reason, error.json?.message]);
};
const collect = (stream) => {
  let text = '';
  stream.on('data', (chunk) => (text += chunk));
  return () => text;
};
/** Output of an attached stream until it ends, its two parts apart. */
const split = async (stream) => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const [outText, errText] = [collect(out), collect(err)];
  docker.modem.demuxStream(stream, out, err);
  await finished(stream, { writable: false }).catch(() => {});
  await sleep(50);
  return [outText(), errText()];
};

show('ping', (await docker.ping()).toString());
show('version', (await docker.version()).ApiVersion);
show('info', (await docker.info()).OSType);

const events = await docker.getEvents({ filters: { container: [name], event: ['create', 'start', 'die', 'destroy'] } });
const eventText = collect(events);

const container = await docker.createContainer({
  name,
  Image: 'busybox',
  Cmd: ['sh', '-c', 'read line; echo "got $line"; sleep .3; echo err >&2; exit 3'],
  OpenStdin: true,
  StdinOnce: true,
  Labels: { by: 'dockerode' },
  HostConfig: { Memory: 64 << 20, Binds: [`${name}:/data`] },
});
const attached = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
const output = split(attached);
await container.start();
attached.write('typed\n');
attached.end();
show('wait', await container.wait());
show('output', await output);
const details = await container.inspect();
show('inspect', Object.keys(details).toSorted(byText));
show('state', { ...details.State, StartedAt: 0, FinishedAt: 0 });
show('HostConfig', Object.entries({ ...details.HostConfig, Runtime: '' }).toSorted(byText));
show('Config', Object.entries({ ...details.Config, Hostname: '' }).toSorted(byText));
show('NetworkSettings', Object.keys(details.NetworkSettings).toSorted(byText));
show('Mounts', details.Mounts);
show('logs', (await container.logs({ stdout: true, stderr: true })).toString('latin1').replaceAll('\0', '.'));
const list = await docker.listContainers({ all: true, filters: { label: ['by=dockerode'] } });
show('list', list.map((item) => Object.entries({ ...item, NetworkSettings: 0, Created: 0, Status: '' }).toSorted(byText)));
show('networks', list.map(({ NetworkSettings }) => Object.entries(NetworkSettings.Networks.bridge).toSorted(byText)));

await refused('start of nothing', docker.getContainer(`${name}-nothing`).start());
await refused('create without image', docker.createContainer({ Image: 'nothing-like-it' }));
await refused('the same name', docker.createContainer({ name, Image: 'busybox' }));
await refused('bad option', docker.createContainer({ Image: 'busybox', HostConfig: { Memory: 1 } }));
await refused('start again', container.start().then(() => container.start()));
// A signal that comes before the command finds runc's own init, a Go program: SIGTERM ends it with 2.
while (!(await container.top()).Processes.flat().some((word) => word.startsWith('sh -c'))) await sleep(50);
await container.stop({ t: 0 });
await refused('stop again', container.stop());
await container.remove({ v: true });

const [result, ran] = await docker.run('busybox', ['echo', 'run'], new PassThrough(), { name: `${name}-run` });
show('run', result);
await ran.remove();

const server = await docker.createContainer({ name: `${name}-exec`, Image: 'busybox', Cmd: ['sleep', '60'] });
await server.start();
const exec = await server.exec({ Cmd: ['sh', '-c', 'cat; echo err >&2; exit 4'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
const stream = await exec.start({ hijack: true, stdin: true });
stream.write('to exec\n');
stream.end();
show('exec', await split(stream));
show('exec inspect', { ...(await exec.inspect()), Pid: 0 });
const tty = await server.exec({ Cmd: ['stty', 'size'], AttachStdout: true, Tty: true, ConsoleSize: [31, 99] });
const terminal = await tty.start({ hijack: true, stdin: true, Tty: true, ConsoleSize: [31, 99] });
const terminalText = collect(terminal);
await finished(terminal, { writable: false }).catch(() => {});
show('tty exec', terminalText());
await refused('exec of nothing', docker.getExec('nothing').start({}));
const stats = await server.stats({ stream: false });
show('stats', Object.keys(stats).toSorted(byText));
show('memory', stats.memory_stats.limit > 0);
show('top', (await server.top()).Titles);
await server.putArchive(await tar('file', 'content'), { path: '/tmp' });
const archive = await server.getArchive({ path: '/tmp/file' });
show('archive', Buffer.concat(await archive.toArray()).toString('latin1').includes('content'));
show('changes', await server.changes());
const image = await server.commit({ repo: name, tag: 'made', comment: 'c', changes: 'ENV X=1' });
show('commit', Object.keys(image));
show('image', Object.keys(await docker.getImage(`${name}:made`).inspect()).toSorted(byText));
show('history', (await docker.getImage(`${name}:made`).history()).map((entry) => Object.keys(entry).toSorted(byText)));
show('removed', (await docker.getImage(`${name}:made`).remove()).map((item) => Object.keys(item)));
await server.remove({ force: true });

const network = await docker.createNetwork({ Name: name, CheckDuplicate: true, Labels: { a: 'b' } });
show('network', Object.entries({ ...(await network.inspect()), Created: 0 }).toSorted(byText));
await network.remove();
show('volume', Object.entries({ ...(await docker.getVolume(name).inspect()), CreatedAt: 0 }).toSorted(byText));
await docker.getVolume(name).remove();
show('df', Object.keys(await diskUse()).toSorted(byText));
await sleep(200);
events.destroy();
const seen = eventText().trim().split('\n').map((line) => JSON.parse(line));
show('events', seen.map(({ Type, Action, Actor, status, from }) => [Type, Action, Object.entries({ ...Actor.Attributes, execDuration: '' }).toSorted(byText), status, from]));

/** dockerd fails while a container of somebody else's goes away. */
async function diskUse() {
  for (;;) {
    try {
      return await docker.df();
    } catch (error) {
      if (!/rw layer snapshot not found/.test(error.message)) throw error;
      await sleep(200);
    }
  }
}

/** A tar archive of one file. */
async function tar(file, content) {
  const { pack } = (await import('tar-fs')).default;
  const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
  const directory = await mkdtemp(`${tmpdir()}/pouch-compat-tar-`);
  try {
    await writeFile(`${directory}/${file}`, content);
    const chunks = [];
    for await (const chunk of pack(directory)) chunks.push(chunk);
    return Buffer.concat(chunks);
  } finally {
    await rm(directory, { recursive: true });
  }
}
