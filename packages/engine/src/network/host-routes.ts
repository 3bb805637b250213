import { ipJson } from '@pouch/linux';
import { type Cidr, parseCidr, parseIp } from './ip-address.ts';

interface Route {
  readonly dst?: string;
  readonly dev?: string;
}

/** Blocks that the host has routes to, other than the default route and those of `except` (devices). */
export async function readHostRoutes(except: ReadonlySet<string> = new Set()): Promise<Cidr[]> {
  const [v4, v6] = await Promise.all([ipJson(['-4', 'route', 'show']), ipJson(['-6', 'route', 'show'])]);
  return [...v4, ...v6].flatMap((item) => {
    const { dst, dev } = item as Route;
    if (dst === undefined || dst === 'default' || (dev !== undefined && except.has(dev))) return [];
    const single = parseIp(dst);
    if (single) return [{ family: single.family, base: single.value, prefix: single.family === 4 ? 32 : 128 }];
    const block = parseCidr(dst);
    return block && block.prefix > 0 ? [block] : [];
  });
}
