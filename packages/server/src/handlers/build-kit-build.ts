import type { Ulimit } from '@pouch/api';
import { errorMessage, PouchError } from '@pouch/base';
import type { BuildKitBuildRequest, BuildKitService } from '@pouch/engine';
import type { Call } from '../http/call.ts';
import { streamBody } from '../http/request-body.ts';

/** What `POST /build?version=2` says, decoded. */
export interface BuildKitQuery {
  /** Nothing but the id. */
  readonly q?: boolean | undefined;
  readonly t?: readonly string[] | undefined;
  readonly dockerfile?: string | undefined;
  readonly target?: string | undefined;
  readonly buildargs?: Readonly<Record<string, string | null>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly nocache?: boolean | undefined;
  readonly pull?: boolean | undefined;
  readonly platform?: string | undefined;
  readonly networkmode?: string | undefined;
  readonly extrahosts?: readonly string[] | undefined;
  readonly shmsize?: number | undefined;
  readonly ulimits?: readonly Ulimit[] | undefined;
  readonly cachefrom?: readonly string[] | undefined;
  readonly outputs?: readonly unknown[] | undefined;
  readonly session?: string | undefined;
  readonly buildid?: string | undefined;
  readonly remote?: string | undefined;
}

/**
 * Build with BuildKit for a client before buildx: progress and the image's id go out beside the text, as `aux`. Errors before
 * the first byte are the answer's; later ones its last line.
 */
export async function buildWithBuildKit(call: Call, query: BuildKitQuery, buildKit: BuildKitService): Promise<void> {
  const request = requestOf(query);
  await buildKit.ready(call.signal);
  const out = call.jsonStream('\r\n');
  // The client waits for the head before it serves its session.
  out.start();
  const aux = async (id: string, value: unknown): Promise<void> => {
    if (!query.q) await out.send({ id, aux: value });
  };
  try {
    const id = await buildKit.build(request, streamBody(call.request), { aux }, call.signal);
    if (query.q && id !== undefined) await out.send({ stream: `${id}\n` });
    out.end();
  } catch (error) {
    out.fail(errorMessage(error));
  }
}

function requestOf(query: BuildKitQuery): BuildKitBuildRequest {
  return {
    tags: query.t ?? [],
    dockerfile: query.dockerfile,
    target: query.target,
    buildArgs: query.buildargs ?? {},
    labels: query.labels ?? {},
    noCache: query.nocache ?? false,
    pull: query.pull ?? false,
    platform: query.platform,
    networkMode: query.networkmode,
    extraHosts: query.extrahosts ?? [],
    shmSize: query.shmsize ?? 0,
    ulimits: (query.ulimits ?? []).map(({ Name = '', Soft = 0, Hard = 0 }) => ({ Name, Soft, Hard })),
    cacheFrom: query.cachefrom ?? [],
    outputs: (query.outputs ?? []).map(outputOf),
    session: query.session === '' ? undefined : query.session,
    buildId: query.buildid,
    remote: query.remote === '' ? undefined : query.remote,
  };
}

function outputOf(value: unknown): BuildKitBuildRequest['outputs'][number] {
  const { Type, Attrs } = (value ?? {}) as { Type?: unknown; Attrs?: unknown };
  const attributes = Object.entries((Attrs ?? {}) as object);
  if (typeof Type !== 'string' || attributes.some(([, text]) => typeof text !== 'string')) {
    throw new PouchError('invalid-argument', 'an output of a build is {"Type": "…", "Attrs": {"…": "…"}}');
  }
  return { Type, Attrs: Object.fromEntries(attributes) };
}
