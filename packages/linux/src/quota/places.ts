import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a driver keeps a place: a directory by its number, and in it the one that is limited. */
export class Places {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  directory(id: number): string {
    return join(this.root, String(id));
  }

  volume(id: number): string {
    return join(this.root, String(id), 'vol');
  }

  async numbers(): Promise<number[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.filter((name) => /^[1-9]\d*$/.test(name)).map(Number);
  }

  /** What is no place: made half, or kept in reserve. */
  async others(): Promise<string[]> {
    const names = await readdir(this.root).catch(() => []);
    return names.filter((name) => name.startsWith('.')).map((name) => join(this.root, name));
  }
}

export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
