/** Makes the machines' root file systems that tests need, where they are not there yet; says what took how long. */
import { machineArchive } from './machine-image.ts';

for (const kind of ['systemd', 'sysvinit'] as const) {
  const started = Date.now();
  const path = await machineArchive(kind);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (seconds > 1) console.log(`${path}: ${seconds} s`);
}
