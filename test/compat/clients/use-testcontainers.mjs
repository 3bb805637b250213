// What tests do with testcontainers; prints what they see. Its reaper's image cannot be had without Docker Hub, so it is off.
import { GenericContainer, Network, Wait } from 'testcontainers';

const network = await new Network().start();
const container = await new GenericContainer('busybox')
  .withCommand(['sh', '-c', 'echo "served here" > /index.html; echo ready; exec httpd -f -p 8000'])
  .withExposedPorts(8000)
  .withEnvironment({ A: '1' })
  .withCopyContentToContainer([{ content: 'copied', target: '/tmp/copied' }])
  .withTmpFs({ '/scratch': 'rw' })
  .withNetwork(network)
  .withNetworkAliases('web')
  .withLabels({ by: 'testcontainers' })
  .withHealthCheck({ test: ['CMD-SHELL', 'wget -qO- http://127.0.0.1:8000/ || exit 1'], interval: 300, timeout: 1000, retries: 20 })
  .withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('ready'), Wait.forHealthCheck()]))
  .start();
const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(8000)}/`);
console.log('over the published port:', (await answer.text()).trim());
const { output, exitCode } = await container.exec(['cat', '/tmp/copied']);
console.log('exec:', exitCode, output);
console.log('failing exec:', (await container.exec(['sh', '-c', 'echo bad >&2; exit 5'])).exitCode);

const second = await new GenericContainer('busybox')
  .withNetwork(network)
  .withCommand(['sh', '-c', 'wget -qO- http://web:8000/; sleep 60'])
  .withWaitStrategy(Wait.forLogMessage('served here'))
  .start();
console.log('by alias: served');
const logs = await container.logs();
let text = '';
logs.on('data', (chunk) => (text += chunk));
await container.restart();
console.log('logs:', text.includes('ready'));
await second.stop();
const image = await container.commit({ repo: 'testcontainers-made', tag: 'x', deleteOnExit: false });
console.log('commit:', image.startsWith('sha256:'));
await container.stop({ remove: true, removeVolumes: true });
await network.stop();
await GenericContainer.fromDockerfile('/nowhere').build().then(
  () => console.log('built'),
  () => console.log('a build without a context fails'),
);
