import type { HostFeature } from '@pouch/api';
import { criuProblem } from './checkpoint/criu-probe.ts';
import { dumbInitPath, NO_DUMB_INIT } from './rich/dumb-init.ts';
import { sftpServerPath } from './ssh/sftp-server.ts';

/** The host's programs that machines use, for `info`: what is there, or what to install. `runtime` is the default one's executable. */
export async function machineFeatures(runtime: string): Promise<HostFeature[]> {
  const [dumbInit, sftpServer, criu] = await Promise.all([dumbInitPath(), sftpServerPath(), criuProblem(runtime)]);
  return [
    { Name: 'dumb-init', Available: dumbInit !== undefined, Detail: dumbInit ?? NO_DUMB_INIT },
    {
      Name: 'sftp-server',
      Available: sftpServer !== undefined,
      Detail:
        sftpServer ??
        'this host has none, so that SFTP needs one in the image: install the package openssh-sftp-server',
    },
    { Name: 'criu', Available: criu === undefined, Detail: criu ?? 'checkpoints can be made and started from' },
  ];
}
