/**
 * The SSH process of a daemon: the servers of all its containers, with nothing of the daemon's own in it. It is forked when
 * the first container asks for SSH, and ends with the daemon. Its argument is the daemon's socket for sessions.
 */
import { errorMessage } from '@pouch/base';
import type { SshCommand, SshReport } from '../wire.ts';
import { ContainerServer } from './container-server.ts';

const [socket = ''] = process.argv.slice(2);
const servers = new Map<string, ContainerServer>();
// A daemon that has just gone is told nothing; this process ends with it.
const report = (message: SshReport): void => void process.send?.(message, () => {});

function close(container: string): void {
  servers.get(container)?.[Symbol.dispose]();
  servers.delete(container);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (command: SshCommand) => {
  close(command.container);
  if (command.kind === 'close') return;
  const server = new ContainerServer(command, { socket, report });
  servers.set(command.container, server);
  server.start().catch((error: unknown) => {
    if (servers.get(command.container) === server) close(command.container);
    report({ kind: 'failed', container: command.container, message: errorMessage(error) });
  });
});
