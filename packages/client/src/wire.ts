import type { Endpoint } from './endpoint.ts';
import type { Wire, WireHandlers } from './wire-types.ts';

/**
 * Connect; rejects with the system's error (ENOENT, EACCES, ECONNREFUSED, …). Bun's own socket starts some 8 ms sooner
 * than its node:net, which is why there are two.
 */
export async function connectWire(endpoint: Endpoint, handlers: WireHandlers): Promise<Wire> {
  if (process.versions['bun'] !== undefined && !(endpoint.kind === 'tcp' && endpoint.tls)) {
    const { connectBunWire } = await import('./wire-bun.ts');
    return await connectBunWire(endpoint, handlers);
  }
  const { connectNodeWire } = await import('./wire-node.ts');
  return await connectNodeWire(endpoint, handlers);
}
