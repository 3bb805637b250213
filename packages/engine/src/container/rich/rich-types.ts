/** Which program a rich container has as its first process. */
export type RichMode = 'dumb-init' | 'systemd' | 'sbin-init';

/** What the image's init turned out to be; each is set up and stopped in its own way. */
export type ImageInit = 'systemd' | 'sysvinit' | 'busybox';
