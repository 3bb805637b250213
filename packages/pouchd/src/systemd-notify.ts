import { errorMessage, exec, type Logger } from '@pouch/base';

/**
 * Tell systemd that the API is served (`Type=notify`, sd_notify(3)): what is ordered after pouchd, and `systemctl start`, wait
 * for it. Does nothing where systemd did not start this process. By systemd's own program, for Node.js has no datagram
 * sockets of the unix family.
 */
export async function notifyReady(logger: Logger): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  try {
    await exec('systemd-notify', ['--ready', `--pid=${process.pid}`]);
  } catch (error) {
    logger.error('systemd is not told that pouchd is ready, and will take its start for failed', {
      error: errorMessage(error),
    });
  }
}
