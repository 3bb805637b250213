import { randomBytes } from 'node:crypto';
import { exec, PouchError, sleep } from '@pouch/base';

/** A real terminal that a command runs in, held by a tmux server of its own, typed into and looked at as a person does. */
export class Terminal implements AsyncDisposable {
  readonly #socket = `pouch-compat-${randomBytes(4).toString('hex')}`;

  private constructor() {}

  /** The command line is the shell's; what it prints when it has ended stays on the screen. */
  static async open(
    command: string,
    options: { env: Readonly<Record<string, string>>; columns: number; rows: number },
  ): Promise<Terminal> {
    const terminal = new Terminal();
    const size = ['-x', String(options.columns), '-y', String(options.rows)];
    const environment = Object.entries(options.env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const session = ['new-session', '-d', ...size, ...environment, `${command}; sleep 600`];
    await terminal.#tmux('-f', '/dev/null', ...session);
    await terminal.#tmux('set-option', '-g', 'window-size', 'manual');
    return terminal;
  }

  async #tmux(...args: string[]): Promise<string> {
    return (await exec('tmux', ['-L', this.#socket, ...args])).stdout;
  }

  /** Type a line and Enter. */
  async line(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
    await this.keys('Enter');
  }

  /** Press keys by tmux's names: `C-c`, `Enter`. */
  async keys(...names: string[]): Promise<void> {
    await this.#tmux('send-keys', ...names);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p')).trimEnd();
  }

  /** Wait until the screen shows it. Throws with the screen after 30 seconds. */
  async shows(pattern: RegExp): Promise<string> {
    for (let attempt = 0; attempt < 300; attempt += 1) {
      const screen = await this.screen();
      if (pattern.test(screen)) return screen;
      await sleep(100);
    }
    throw new PouchError('deadline-exceeded', `the terminal does not show ${pattern}:\n${await this.screen()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await exec('tmux', ['-L', this.#socket, 'kill-server'], { allowFailure: true });
  }
}
