import { createHash, randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { asPouchError, type Logger, silentLogger, sleep } from '@pouch/base';
import type { PouchClient } from '@pouch/client';
import { GrpcChannel, GrpcService } from '@pouch/grpc';
import { ControlDefinition, type StatusResponse } from './generated/buildkit/control.ts';
import type { BuildRequest } from './request/build-request.ts';
import { needsHostGateway } from './request/frontend-attributes.ts';
import { outputsOf, toSolveRequest } from './request/solve-request.ts';
import { prepareSources, type Sources } from './request/sources.ts';
import { BuildSession } from './session/build-session.ts';
import { type FindCredentials, serveCredentials } from './session/credentials.ts';
import { serveDirectories } from './session/directories.ts';
import { type OutputTarget, serveOutputs } from './session/outputs.ts';
import { serveSecrets } from './session/secrets.ts';
import { serveSshAgents } from './session/ssh-agents.ts';
import { serveUpload } from './session/upload.ts';
import { UpgradedSocket } from './session/upgraded-socket.ts';

export interface BuildDependencies {
  readonly client: PouchClient;
  readonly credentials: FindCredentials;
  readonly logger?: Logger | undefined;
}

export interface BuildResult {
  /** Of the image, where the build made one that is the daemon's. */
  readonly id: string | undefined;
  /** Everything that BuildKit says of the result. */
  readonly response: Readonly<Record<string, string>>;
}

type Control = GrpcService<typeof ControlDefinition>;

/** Milliseconds that a build which is done waits for the rest of its progress. */
const PROGRESS_PATIENCE = 5000;
const GATEWAY_LABEL = 'org.mobyproject.buildkit.worker.moby.host-gateway-ip';

/**
 * Build with the daemon's BuildKit, as Docker's buildx does: the build is asked for on `/grpc`, and BuildKit takes what it needs
 * from the session. `onStatus` gets the progress. Throws BuildKit's error for a build that failed. Aborting cancels the build.
 */
export async function build(
  request: BuildRequest,
  dependencies: BuildDependencies,
  onStatus: (status: StatusResponse) => void,
  signal: AbortSignal,
): Promise<BuildResult> {
  const { client, logger = silentLogger } = dependencies;
  const { transport } = client;
  await using sources = await prepareSources(request);
  using session = new BuildSession({ sharedKey: sharedKeyOf(sources) }, { transport, logger });
  const uploaded = addServices(session, request, sources, dependencies.credentials);
  using channel = new GrpcChannel(
    {
      path: transport.endpoint.host,
      server: 'the daemon',
      dial: async () => new UpgradedSocket(await transport.hijack({ method: 'POST', path: '/grpc', signal }, 'h2c')),
    },
    { logger },
  );
  const control: Control = new GrpcService(ControlDefinition, channel, () => ({ patienceMs: 0 }));
  await session.open(signal);
  const hostGateway = needsHostGateway(request) ? await findHostGateway(control, signal) : undefined;
  const ids = { ref: randomBytes(16).toString('hex'), session: session.id };
  const solve = toSolveRequest(request, ids, { ...sources.attributes, ...uploaded }, hostGateway);
  const followed = new AbortController();
  const progress = follow(control, ids.ref, onStatus, AbortSignal.any([signal, followed.signal]));
  try {
    const { ExporterResponse } = await control.unary('solve', solve, { signal });
    const isImage = solve.Exporters?.some(({ Type }) => Type === 'moby') ?? false;
    return { id: isImage ? ExporterResponse['containerimage.digest'] : undefined, response: ExporterResponse };
  } finally {
    await Promise.race([progress, sleep(PROGRESS_PATIENCE, signal).catch(() => {})]);
    followed.abort();
  }
}

/** Gives the attributes of a context that is uploaded. */
function addServices(
  session: BuildSession,
  request: BuildRequest,
  sources: Sources,
  credentials: FindCredentials,
): Record<string, string> {
  const { server } = session;
  const targets = new Map<number, OutputTarget>();
  outputsOf(request).forEach(({ target }, index) => {
    if (target) targets.set(index, target);
  });
  serveCredentials(server, credentials);
  if (sources.directories.size > 0) serveDirectories(server, sources.directories);
  if (request.secrets.size > 0) serveSecrets(server, request.secrets);
  if (request.agents.size > 0) serveSshAgents(server, request.agents);
  if (targets.size > 0) serveOutputs(server, targets);
  return sources.archive ? { context: serveUpload(server, sources.archive) } : {};
}

/** The progress to its end; that it fails is told by the build itself. */
async function follow(
  control: Control,
  ref: string,
  onStatus: (status: StatusResponse) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const status of control.stream('status', { Ref: ref }, { signal })) onStatus(status);
  } catch (error) {
    if (asPouchError(error).code === 'internal') throw error;
  }
}

async function findHostGateway(control: Control, signal: AbortSignal): Promise<string | undefined> {
  const { record } = await control.unary('listWorkers', {}, { signal });
  return record.map(({ Labels }) => Labels[GATEWAY_LABEL]).find((address) => address !== undefined);
}

/** The same for each build of a directory on this machine: BuildKit then takes over only files that have changed. */
function sharedKeyOf({ directories }: Sources): string {
  const place = directories.get('context') ?? randomBytes(16).toString('hex');
  return createHash('sha256').update(`${hostname()}\0${userInfo().uid}\0${place}`).digest('hex');
}
