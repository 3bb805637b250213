// What programs do with @docker/node-sdk; prints what they see. Argument: the prefix of everything's name.
import { PassThrough } from 'node:stream';
import { DockerClient, Filter } from '@docker/node-sdk';

const name = process.argv[2];
const docker = await DockerClient.fromDockerHost(process.env.DOCKER_HOST.replace('unix://', 'unix:'));
const byText = (a, b) => (String(a) < String(b) ? -1 : 1);
const show = (what, value) => console.log(what, typeof value === 'string' ? value : JSON.stringify(value));
const sink = () => {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk) => (text += chunk));
  return { stream, text: () => text };
};
const refused = async (what, promise) =>
  show(what, await promise.then(() => 'no error', (error) => [error.name, error.statusCode, error.message]));

show('ping', await docker.systemPing());
show('version', (await docker.systemVersion()).Os);
show('info', (await docker.systemInfo()).OSType);
const { Id } = await docker.containerCreate(
  { Image: 'busybox', Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 3'], Labels: { by: 'node-sdk' } },
  { name },
);
await docker.containerStart(Id);
show('wait', await docker.containerWait(Id));
const [out, err] = [sink(), sink()];
await docker.containerLogs(Id, out.stream, err.stream, { stdout: true, stderr: true });
show('logs', [out.text(), err.text()]);
show('inspect', Object.keys(await docker.containerInspect(Id)).toSorted(byText));
show('changes', await docker.containerChanges(Id));
const filters = new Filter().set('label', ['by=node-sdk']);
show('list', (await docker.containerList({ all: true, filters })).map((item) => [item.Names, item.State, item.Command]));
show('size', Object.keys((await docker.containerInspect(Id, { size: true })) ?? {}).filter((key) => key.startsWith('Size')));
await refused('of nothing', docker.containerInspect(`${name}-nothing`));
await refused('the same name', docker.containerCreate({ Image: 'busybox' }, { name }));
await refused('no image', docker.containerCreate({ Image: 'nothing-like-it' }));
await refused('paused', docker.containerPause(Id));
await docker.containerRename(Id, `${name}-renamed`);
await docker.containerDelete(Id);

const sleeper = await docker.containerCreate({ Image: 'busybox', Cmd: ['sleep', '60'] }, { name: `${name}-exec` });
await docker.containerStart(sleeper.Id);
const exec = await docker.containerExec(sleeper.Id, { Cmd: ['sh', '-c', 'echo from exec; exit 4'], AttachStdout: true, AttachStderr: true });
const [execOut, execErr] = [sink(), sink()];
await docker.execStart(exec.Id, execOut.stream, execErr.stream, { Detach: false, Tty: false });
show('exec', [execOut.text(), execErr.text()]);
show('exec code', (await docker.execInspect(exec.Id)).ExitCode);
show('top', (await docker.containerTop(sleeper.Id)).Titles);
show('update', await docker.containerUpdate(sleeper.Id, { RestartPolicy: { Name: 'no' } }));
show('stats', Object.keys(await docker.containerStats(sleeper.Id, { stream: false })).toSorted(byText));
// The library looks for its header in a spelling that Node.js does not keep.
await refused('path', docker.containerArchiveInfo(sleeper.Id, '/etc/group'));
await docker.containerPause(sleeper.Id);
show('paused', (await docker.containerInspect(sleeper.Id)).State.Status);
await docker.containerUnpause(sleeper.Id);
await docker.containerKill(sleeper.Id, { signal: 'KILL' });
await docker.containerDelete(sleeper.Id, { force: true });

const network = await docker.networkCreate({ Name: name });
show('network', Object.keys(await docker.networkInspect(network.Id)).toSorted(byText));
await docker.networkDelete(network.Id);
show('volume', Object.keys(await docker.volumeCreate({ Name: name })).toSorted(byText));
await docker.volumeDelete(name);
await docker.imageTag('busybox', name, 'tag');
show('image', Object.keys(await docker.imageInspect(`${name}:tag`)).toSorted(byText));
// The library asks for /image/…/history, which no Docker has.
await refused('history', docker.imageHistory(`${name}:tag`));
show('removed', (await docker.imageDelete(`${name}:tag`)).map((item) => Object.keys(item)));
show('df', Object.keys(await docker.systemDataUsage()).toSorted(byText));
await docker.close();
