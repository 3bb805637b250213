import { exec } from '@pouch/base';
import { BatchCommander } from './batch-commander.ts';

/** `ip` in the caller's network namespace, or in the one bound at `netns`. */
export class IpCommander extends BatchCommander {
  constructor(options: { readonly netns?: string } = {}) {
    super('ip', options);
  }
}

/** A link as `ip -json -details link` shows it. */
export interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address: string;
  readonly kind: string | undefined;
  readonly master: string | undefined;
  readonly alias: string | undefined;
  readonly isUp: boolean;
  readonly mtu: number;
}

interface RawLink {
  ifindex?: number;
  ifname?: string;
  address?: string;
  master?: string;
  ifalias?: string;
  flags?: string[];
  mtu?: number;
  linkinfo?: { info_kind?: string };
}

/** All links of a network namespace (the caller's by default). */
export async function listLinks(netns?: string): Promise<Link[]> {
  const raw = (await ipJson(['-details', 'link', 'show'], netns)) as RawLink[];
  return raw.map((link) => ({
    ifindex: link.ifindex ?? 0,
    ifname: link.ifname ?? '',
    address: link.address ?? '',
    kind: link.linkinfo?.info_kind,
    master: link.master,
    alias: link.ifalias,
    isUp: link.flags?.includes('UP') ?? false,
    mtu: link.mtu ?? 0,
  }));
}

/** `ip -json …` parsed; an empty answer is an empty list. */
export async function ipJson(args: readonly string[], netns?: string): Promise<unknown[]> {
  const { stdout } =
    netns === undefined
      ? await exec('ip', ['-json', ...args])
      : await exec('nsenter', [`--net=${netns}`, 'ip', '-json', ...args]);
  const parsed: unknown = stdout.trim() === '' ? [] : JSON.parse(stdout);
  return Array.isArray(parsed) ? parsed.filter((item) => Object.keys(item as object).length > 0) : [];
}
