/**
 * Writes docs/reference from the tables of the code. `--check` writes nothing and ends with 1 when a page is not what it
 * would write.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './build/inputs.ts';
import { apiPage } from './docs/api-page.ts';
import { cliPage } from './docs/cli-page.ts';
import { configurationPage } from './docs/configuration-page.ts';
import { dockerPage } from './docs/docker-page.ts';
import { errorsPage } from './docs/errors-page.ts';
import { eventsPage } from './docs/events-page.ts';
import { limitsPage } from './docs/limits-page.ts';

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'api.md': apiPage,
  'cli.md': cliPage,
  'configuration.md': configurationPage,
  'docker.md': dockerPage,
  'errors.md': errorsPage,
  'events.md': eventsPage,
  'limits.md': limitsPage,
};

const check = process.argv.includes('--check');
const directory = join(ROOT, 'docs/reference');
mkdirSync(directory, { recursive: true });
const outdated: string[] = [];
for (const [name, make] of Object.entries(PAGES)) {
  const path = join(directory, name);
  const text = await make();
  if (textOf(path) === text) continue;
  outdated.push(`docs/reference/${name}`);
  if (!check) writeFileSync(path, text);
}
if (check && outdated.length > 0) {
  console.error(`not what the code says: ${outdated.join(', ')}; npm run docs writes them anew`);
  process.exitCode = 1;
} else {
  console.log(outdated.length === 0 ? 'docs: up to date' : `docs: wrote ${outdated.join(', ')}`);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
