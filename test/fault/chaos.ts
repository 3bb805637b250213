#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { runChaos } from './run-chaos.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '4' },
    port: { type: 'string', default: '24000' },
    keep: { type: 'boolean', default: false },
  },
});
const report = await runChaos({
  kills: Number(values.kills),
  minutes: Number(values.minutes),
  seed: Number(values.seed),
  workers: Number(values.workers),
  firstPort: Number(values.port),
  keep: values.keep,
  log: (line) => console.log(`${new Date().toISOString().slice(11, 23)} ${line}`),
});
for (const problem of report.problems) console.log(`\n${problem}`);
console.log(`\n${report.rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}`);
process.exit(report.problems.length === 0 ? 0 : 1);
