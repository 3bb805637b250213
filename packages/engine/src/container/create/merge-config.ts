import type { ContainerConfig, HealthConfig } from '@pouch/api';
import type { HealthcheckConfig, ImageRunConfig } from '@pouch/oci';

/**
 * The user's config over the image's, by Docker's rules: a list of environment variables is merged by name, a command is
 * taken from the image only when the user gave neither command nor entrypoint, sets are united, and everything else is
 * the user's where given. The result shares nothing with its sources.
 */
export function mergeConfig(user: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const merged: ContainerConfig = structuredClone(user);
  merged.User = user.User || image.User || '';
  merged.WorkingDir = user.WorkingDir || image.WorkingDir || '';
  merged.Env = mergeEnv(user.Env ?? [], image.Env ?? []);
  mergeCommand(merged, user, image);
  merged.ExposedPorts = { ...image.ExposedPorts, ...user.ExposedPorts };
  merged.Volumes = { ...image.Volumes, ...user.Volumes };
  merged.Labels = { ...image.Labels, ...user.Labels };
  const health = mergeHealthcheck(user.Healthcheck, image.Healthcheck);
  if (health) merged.Healthcheck = health;
  if (!user.StopSignal && image.StopSignal) merged.StopSignal = image.StopSignal;
  if (user.StopTimeout === undefined && image.StopTimeout !== undefined) merged.StopTimeout = image.StopTimeout;
  if (!user.Shell?.length && image.Shell?.length) merged.Shell = [...image.Shell];
  if (!user.OnBuild?.length && image.OnBuild?.length) merged.OnBuild = [...image.OnBuild];
  dropEmpty(merged);
  return merged;
}

/** What nobody set is absent, as clients see it of Docker. */
function dropEmpty(config: ContainerConfig): void {
  for (const name of ['Env', 'ExposedPorts', 'Volumes'] as const) {
    if (Object.keys(config[name] ?? {}).length === 0) delete config[name];
  }
}

/** The user's variables, then those of the image that the user did not name. */
export function mergeEnv(user: readonly string[], image: readonly string[]): string[] {
  const named = new Set(user.map(nameOf));
  return [...user, ...image.filter((entry) => !named.has(nameOf(entry)))];
}

function nameOf(entry: string): string {
  const at = entry.indexOf('=');
  return at < 0 ? entry : entry.slice(0, at);
}

function mergeCommand(merged: ContainerConfig, user: ContainerConfig, image: ImageRunConfig): void {
  if (!user.Entrypoint?.length) {
    if (!user.Cmd?.length && image.Cmd) merged.Cmd = [...image.Cmd];
    // An empty list says "none at all"; only an absent one inherits.
    if (user.Entrypoint === undefined && image.Entrypoint) merged.Entrypoint = [...image.Entrypoint];
  }
  // `--entrypoint ''` arrives as a list of one empty word: no entrypoint.
  if (merged.Entrypoint?.length === 1 && merged.Entrypoint[0] === '') delete merged.Entrypoint;
}

function mergeHealthcheck(
  user: HealthConfig | undefined,
  image: HealthcheckConfig | undefined,
): HealthConfig | undefined {
  if (!user && !image) return undefined;
  const merged: HealthConfig = structuredClone(user ?? {});
  if (!merged.Test?.length && image?.Test) merged.Test = [...image.Test];
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    const inherited = image?.[key];
    if (!merged[key] && inherited) merged[key] = inherited;
  }
  return merged;
}
