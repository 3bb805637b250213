/**
 * node test/compat/validator/main.ts --listen SOCKET --upstream SOCKET [--report FILE]
 *
 * Put it between any client and a daemon; at SIGTERM or SIGINT it prints what was wrong and exits with 1 if anything was.
 */
import { parseArgs } from 'node:util';
import { RecordingProxy } from './recording-proxy.ts';
import { ValidationReport } from './report.ts';

const { values } = parseArgs({
  options: { listen: { type: 'string' }, upstream: { type: 'string' }, report: { type: 'string' } },
});
if (!values.listen || !values.upstream) throw new Error('--listen and --upstream are needed');
const report = new ValidationReport(values.report);
const proxy = await RecordingProxy.start({
  listen: values.listen,
  upstream: values.upstream,
  onExchange: report.add,
  onUnreadable: report.unreadable,
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void proxy[Symbol.asyncDispose]().then(() => {
      process.stdout.write(`${report.summary()}\n`);
      process.exitCode = report.faults.length > 0 ? 1 : 0;
    });
  });
}
