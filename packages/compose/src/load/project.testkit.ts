import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Project } from '../project/project.ts';
import { type LoadOptions, loadProject } from './load-project.ts';

/** A directory with files of a project, and its loader. */
export class ProjectFiles implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'pouch-compose-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Load with these variables and nothing of the test's own environment. */
  load(options: Partial<LoadOptions> = {}): Project {
    return loadProject({
      files: [],
      envFiles: [],
      profiles: [],
      name: 'demo',
      cwd: this.directory,
      environment: {},
      ...options,
    });
  }

  /** What loading fails with, the directory's own path left out. */
  fault(options: Partial<LoadOptions> = {}): string {
    try {
      this.load(options);
    } catch (error) {
      return (error as Error).message.replaceAll(`${this.directory}/`, '');
    }
    throw new Error('it was loaded');
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
