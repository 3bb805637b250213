import type { ContainerConfig } from '@pouch/api';
import type { ImageRunConfig } from '@pouch/oci';

/**
 * What of a merged configuration came from the user: the reverse of `mergeConfig`. What the user gave in the image's very
 * words counts as the image's.
 */
export function unmergeConfig(config: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const user: ContainerConfig = structuredClone(config);
  for (const key of ['User', 'WorkingDir', 'StopSignal', 'StopTimeout', 'Healthcheck', 'Shell', 'OnBuild'] as const) {
    if (same(config[key], image[key])) delete user[key];
  }
  const inherited = new Set(image.Env);
  user.Env = (config.Env ?? []).filter((entry) => !inherited.has(entry));
  const ownEntrypoint = !same(config.Entrypoint, image.Entrypoint);
  // With an entrypoint of the user's, what the image says as its command never counted.
  if (!ownEntrypoint) {
    delete user.Entrypoint;
    if (same(config.Cmd, image.Cmd)) delete user.Cmd;
  }
  for (const key of ['ExposedPorts', 'Volumes', 'Labels'] as const) {
    const ofImage: Readonly<Record<string, unknown>> = image[key] ?? {};
    const kept = Object.entries(config[key] ?? {}).filter(([name, value]) => !same(value, ofImage[name]));
    Object.assign(user, { [key]: Object.fromEntries(kept) });
  }
  return user;
}

/** Lists and objects by their content; an absent one is as an empty one. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

function plain(value: unknown): unknown {
  if (value === undefined || value === null || value === '') return null;
  if (Array.isArray(value)) return value.length === 0 ? null : value;
  if (typeof value !== 'object') return value;
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
