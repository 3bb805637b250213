import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { errnoCode, helpers } from '@pouch/base';

/** Makes FIFOs with mode 0600; fails when a path exists. */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await helpers.run('mkfifo', ['-m', '600', ...paths]);
}

/**
 * Read from a FIFO without ever blocking a thread of the pool: opened non-blocking and polled. It ends when the last
 * writer has closed it.
 */
export function openFifoReader(path: string): Socket {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}

/** Whether a process has the FIFO open for writing, or has left something in it. A byte may be taken out of it. */
export function hasWriter(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readSync(fd, Buffer.alloc(1), 0, 1, null) > 0;
  } catch (error) {
    if (errnoCode(error) === 'EAGAIN') return true;
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Write to a FIFO whose reader may not be there yet; opened for both so that it neither blocks nor breaks. */
export function openFifoWriter(path: string): Socket {
  return new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: false, writable: true });
}
