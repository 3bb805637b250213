/** Driver options of Docker's endpoints that would change the interface. */
export const UNSUPPORTED_OPTIONS: ReadonlySet<string> = new Set([
  'com.docker.network.endpoint.sysctls',
  'com.docker.network.endpoint.ifname',
]);
