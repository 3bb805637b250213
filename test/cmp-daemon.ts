import { TestDaemon } from '/work/wt/compose/test/harness/test-daemon.ts';
const d = await TestDaemon.start();
console.log(d.socket, d.directory);
process.on('SIGTERM', async () => {
  await d[Symbol.asyncDispose]();
  process.exit(0);
});
setInterval(() => {}, 1e9);
